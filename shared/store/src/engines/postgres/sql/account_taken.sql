-- Ids of the rows that stand where this one ($1, as an array) would: under its id or under what is unique of it.
select to_json(t.id)::text
from accounts t, jsonb_populate_recordset(null::accounts, $1::jsonb) r
where t.id = r.id
    or (t.wim_id = r.wim_id and t.tenant_id = r.tenant_id)
order by t.id
