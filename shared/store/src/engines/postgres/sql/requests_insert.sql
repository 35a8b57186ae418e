-- Requests that are not there yet; answers their ids. A redelivered journal message meets its own row.
insert into requests (
    id, tenant_id, digest, accepted_at, refused, total, done, failed, superseded, cancelled,
    event_seq, created_at, finished_at)
select
    r.id, r.tenant_id, r.digest, r.accepted_at, r.refused, r.total, r.done, r.failed, r.superseded,
    r.cancelled, r.event_seq, r.created_at, r.finished_at
from jsonb_populate_recordset(null::requests, $1::jsonb) r
order by r.id
on conflict (id) do nothing
returning to_json(id)::text
