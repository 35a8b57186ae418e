-- Actions of requests that were just inserted: one that is there already is a fault, not a repetition.
insert into actions (
    id, request_id, link_id, account_id, tenant_id, kind, state, accepted_at, wish, patch, due_at,
    dispatches, claims, attempt, epoch, session_id, started_at, observe_first, retries,
    failures, failing_since, reason,
    waiting_since, created_at, finished_at, trace)
select
    value ->> 'id', value ->> 'request_id', value ->> 'link_id', value ->> 'account_id',
    value ->> 'tenant_id', value ->> 'kind', value ->> 'state', value ->> 'accepted_at',
    value -> 'wish', nullif(value -> 'patch', 'null'), value ->> 'due_at', value ->> 'dispatches', value ->> 'claims',
    value ->> 'attempt', value ->> 'epoch', value ->> 'session_id', value ->> 'started_at',
    value ->> 'observe_first', value ->> 'retries', value ->> 'failures',
    value ->> 'failing_since', nullif(value -> 'reason', 'null'),
    value ->> 'waiting_since', value ->> 'created_at', value ->> 'finished_at', value ->> 'trace'
from json_each($1)
where true
