-- Accounts from one JSON array. What meets a row that is there already (id, unique name or pair) is left
-- out and its id not answered, so that the transaction lives on and can ask which row that is (account_taken).
insert into accounts (
    id, tenant_id, wim_id, name, "user", config, secrets, phase, status, status_reason,
    status_since, checked_at, epoch, session_id, former_session_id, former_until,
    refresh_due_at, listed_at, unknown_services, event_seq,
    version, created_at, modified_at)
select
    r.id, r.tenant_id, r.wim_id, r.name, r."user", r.config, r.secrets, r.phase, r.status,
    r.status_reason, r.status_since, r.checked_at, r.epoch, r.session_id, r.former_session_id,
    r.former_until, r.refresh_due_at, r.listed_at, r.unknown_services, r.event_seq, r.version, r.created_at, r.modified_at
from jsonb_populate_recordset(null::accounts, $1::jsonb) r
order by r.id
on conflict do nothing
returning to_json(id)::text
