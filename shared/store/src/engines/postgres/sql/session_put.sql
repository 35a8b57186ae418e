-- One session, new or renewed.
insert into sessions (
    id, worker, connectors, capacity, draining, lease_until, idle, registered_at)
select
    r.id, r.worker, r.connectors, r.capacity, r.draining, r.lease_until, r.idle, r.registered_at
from jsonb_populate_recordset(null::sessions, $1::jsonb) r
on conflict (id) do update set
    worker = excluded.worker, connectors = excluded.connectors, capacity = excluded.capacity,
    draining = excluded.draining, lease_until = excluded.lease_until, idle = excluded.idle,
    registered_at = excluded.registered_at
