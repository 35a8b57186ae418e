-- All columns of one row whose version was the expected one ($2).
update tenants as t set
    name = r.name, description = r.description, version = r.version, created_at = r.created_at,
    modified_at = r.modified_at
from jsonb_populate_recordset(null::tenants, $1::jsonb) r
where t.id = r.id and t.version = $2::bigint
