-- All columns of actions whose links are locked.
update actions as t set
    request_id = r.value ->> 'request_id', link_id = r.value ->> 'link_id',
    account_id = r.value ->> 'account_id', tenant_id = r.value ->> 'tenant_id',
    kind = r.value ->> 'kind', state = r.value ->> 'state',
    accepted_at = r.value ->> 'accepted_at', wish = r.value -> 'wish',
    patch = nullif(r.value -> 'patch', 'null'),
    due_at = r.value ->> 'due_at', dispatches = r.value ->> 'dispatches',
    claims = r.value ->> 'claims', attempt = r.value ->> 'attempt', epoch = r.value ->> 'epoch',
    session_id = r.value ->> 'session_id', started_at = r.value ->> 'started_at',
    observe_first = r.value ->> 'observe_first', retries = r.value ->> 'retries',
    failures = r.value ->> 'failures', failing_since = r.value ->> 'failing_since',
    reason = nullif(r.value -> 'reason', 'null'), waiting_since = r.value ->> 'waiting_since',
    created_at = r.value ->> 'created_at', finished_at = r.value ->> 'finished_at',
    trace = r.value ->> 'trace'
from json_each($1) as r
where t.id = r.value ->> 'id'
