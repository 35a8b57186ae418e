-- Ids of the rows that stand where this one ($1, as an array) would: under its id or under what is unique of it.
select to_json(t.id)::text
from networks t, jsonb_populate_recordset(null::networks, $1::jsonb) r
where t.id = r.id
    or (t.tenant_id = r.tenant_id and t.name = r.name)
order by t.id
