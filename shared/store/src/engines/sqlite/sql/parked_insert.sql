-- Messages set aside; one that is there already is counted up. The payload stays the first one's.
insert into parked (
    id, origin, reason, count, payload, parked_at, replayed_at)
select
    value ->> 'id', value ->> 'origin', value ->> 'reason', value ->> 'count', value ->> 'payload',
    value ->> 'parked_at', value ->> 'replayed_at'
from json_each($1)
where true
on conflict (id) do update set count = parked.count + excluded.count
