-- All columns of actions whose links are locked.
update actions as t set
    request_id = r.request_id, link_id = r.link_id, account_id = r.account_id,
    tenant_id = r.tenant_id, kind = r.kind, state = r.state, accepted_at = r.accepted_at,
    wish = r.wish, patch = r.patch, due_at = r.due_at, dispatches = r.dispatches, claims = r.claims,
    attempt = r.attempt, epoch = r.epoch, session_id = r.session_id, started_at = r.started_at,
    observe_first = r.observe_first, retries = r.retries, failures = r.failures,
    failing_since = r.failing_since, reason = r.reason,
    waiting_since = r.waiting_since, created_at = r.created_at, finished_at = r.finished_at, trace = r.trace
from jsonb_populate_recordset(null::actions, $1::jsonb) r
where t.id = r.id
