-- One session, new or renewed.
insert into sessions (
    id, worker, connectors, capacity, draining, lease_until, idle, registered_at)
select
    value ->> 'id', value ->> 'worker', value -> 'connectors', value ->> 'capacity',
    value ->> 'draining', value ->> 'lease_until', value -> 'idle', value ->> 'registered_at'
from json_each($1)
where true
on conflict (id) do update set
    worker = excluded.worker, connectors = excluded.connectors, capacity = excluded.capacity,
    draining = excluded.draining, lease_until = excluded.lease_until, idle = excluded.idle,
    registered_at = excluded.registered_at
