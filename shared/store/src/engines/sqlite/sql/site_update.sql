-- All columns of one row whose version was the expected one ($2).
update sites as t set
    name = r.value ->> 'name', description = r.value ->> 'description',
    latitude = nullif(r.value -> 'latitude', 'null'),
    longitude = nullif(r.value -> 'longitude', 'null'),
    external_connections = r.value -> 'external_connections', version = r.value ->> 'version',
    created_at = r.value ->> 'created_at', modified_at = r.value ->> 'modified_at'
from json_each($1) as r
where t.id = r.value ->> 'id' and t.version = $2
