-- A hold; one that is there already stays as it is.
insert into holds (kind, id, reason, since)
select r.kind, r.id, r.reason, r.since
from jsonb_populate_recordset(null::holds, $1::jsonb) r
on conflict do nothing
