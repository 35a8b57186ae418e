-- Wims from one JSON array. What meets a row that is there already (id, unique name or pair) is left
-- out and its id not answered, so that the transaction lives on and can ask which row that is (wim_taken).
insert into wims (
    id, name, description, type, wim_url, config, version, created_at, modified_at)
select
    r.id, r.name, r.description, r.type, r.wim_url, r.config, r.version, r.created_at,
    r.modified_at
from jsonb_populate_recordset(null::wims, $1::jsonb) r
order by r.id
on conflict do nothing
returning to_json(id)::text
