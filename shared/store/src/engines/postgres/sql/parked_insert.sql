-- Messages set aside; one that is there already is counted up. The payload stays the first one's.
insert into parked (
    id, origin, reason, count, payload, parked_at, replayed_at)
select
    r.id, r.origin, r.reason, r.count, r.payload, r.parked_at, r.replayed_at
from jsonb_populate_recordset(null::parked, $1::jsonb) r
order by r.id
on conflict (id) do update set count = parked.count + excluded.count
