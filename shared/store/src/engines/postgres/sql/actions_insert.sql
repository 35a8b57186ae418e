-- Actions of requests that were just inserted: one that is there already is a fault, not a repetition.
insert into actions (
    id, request_id, link_id, account_id, tenant_id, kind, state, accepted_at, wish, patch, due_at,
    dispatches, claims, attempt, epoch, session_id, started_at, observe_first, retries,
    failures, failing_since, reason,
    waiting_since, created_at, finished_at, trace)
select
    r.id, r.request_id, r.link_id, r.account_id, r.tenant_id, r.kind, r.state, r.accepted_at,
    r.wish, r.patch, r.due_at, r.dispatches, r.claims, r.attempt, r.epoch, r.session_id, r.started_at,
    r.observe_first, r.retries, r.failures, r.failing_since, r.reason, r.waiting_since, r.created_at, r.finished_at, r.trace
from jsonb_populate_recordset(null::actions, $1::jsonb) r
order by r.id
