-- Tenants from one JSON array. What meets a row that is there already (id, unique name or pair) is left
-- out and its id not answered, so that the transaction lives on and can ask which row that is (tenant_taken).
insert into tenants (
    id, name, description, version, created_at, modified_at)
select
    value ->> 'id', value ->> 'name', value ->> 'description', value ->> 'version',
    value ->> 'created_at', value ->> 'modified_at'
from json_each($1)
where true
on conflict do nothing
returning json_quote(id)
