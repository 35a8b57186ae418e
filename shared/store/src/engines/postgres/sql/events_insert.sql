-- Events, in the order of the array: `position` is given row by row as they are inserted.
insert into outbox (
    id, tenant_id, subject, sequence, type, at, data)
select
    r.id, r.tenant_id, r.subject, r.sequence, r.type, r.at, coalesce(r.data, 'null')
from jsonb_array_elements($1::jsonb) with ordinality as e (row, place),
    jsonb_populate_record(null::outbox, e.row) r
order by e.place
