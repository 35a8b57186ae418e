-- Tenants from one JSON array. What meets a row that is there already (id, unique name or pair) is left
-- out and its id not answered, so that the transaction lives on and can ask which row that is (tenant_taken).
insert into tenants (
    id, name, description, version, created_at, modified_at)
select
    r.id, r.name, r.description, r.version, r.created_at, r.modified_at
from jsonb_populate_recordset(null::tenants, $1::jsonb) r
order by r.id
on conflict do nothing
returning to_json(id)::text
