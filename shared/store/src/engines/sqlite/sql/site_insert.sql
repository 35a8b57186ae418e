-- Sites from one JSON array. What meets a row that is there already (id, unique name or pair) is left
-- out and its id not answered, so that the transaction lives on and can ask which row that is (site_taken).
insert into sites (
    id, name, description, latitude, longitude, external_connections, version, created_at,
    modified_at)
select
    value ->> 'id', value ->> 'name', value ->> 'description', nullif(value -> 'latitude', 'null'),
    nullif(value -> 'longitude', 'null'), value -> 'external_connections', value ->> 'version',
    value ->> 'created_at', value ->> 'modified_at'
from json_each($1)
where true
on conflict do nothing
returning json_quote(id)
