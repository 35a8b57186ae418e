-- Accounts from one JSON array. What meets a row that is there already (id, unique name or pair) is left
-- out and its id not answered, so that the transaction lives on and can ask which row that is (account_taken).
insert into accounts (
    id, tenant_id, wim_id, name, "user", config, secrets, phase, status, status_reason,
    status_since, checked_at, epoch, session_id, former_session_id, former_until,
    refresh_due_at, listed_at, unknown_services, event_seq,
    version, created_at, modified_at)
select
    value ->> 'id', value ->> 'tenant_id', value ->> 'wim_id', value ->> 'name', value ->> 'user',
    value -> 'config', value -> 'secrets', value ->> 'phase', value ->> 'status',
    nullif(value -> 'status_reason', 'null'), value ->> 'status_since', value ->> 'checked_at',
    value ->> 'epoch', value ->> 'session_id', value ->> 'former_session_id',
    value ->> 'former_until', value ->> 'refresh_due_at', value ->> 'listed_at',
    value ->> 'unknown_services', value ->> 'event_seq', value ->> 'version', value ->> 'created_at',
    value ->> 'modified_at'
from json_each($1)
where true
on conflict do nothing
returning json_quote(id)
