-- Requests that are not there yet; answers their ids. A redelivered journal message meets its own row.
insert into requests (
    id, tenant_id, digest, accepted_at, refused, total, done, failed, superseded, cancelled,
    event_seq, created_at, finished_at)
select
    value ->> 'id', value ->> 'tenant_id', value ->> 'digest', value ->> 'accepted_at',
    nullif(value -> 'refused', 'null'), value ->> 'total', value ->> 'done', value ->> 'failed',
    value ->> 'superseded', value ->> 'cancelled', value ->> 'event_seq', value ->> 'created_at',
    value ->> 'finished_at'
from json_each($1)
where true
on conflict (id) do nothing
returning json_quote(id)
