-- Phase, status, lease and event columns of locked accounts; an edit's columns belong to account_update.
update accounts as t set
    phase = r.phase, status = r.status, status_reason = r.status_reason,
    status_since = r.status_since, checked_at = r.checked_at, epoch = r.epoch,
    session_id = r.session_id, former_session_id = r.former_session_id,
    former_until = r.former_until, refresh_due_at = r.refresh_due_at, listed_at = r.listed_at,
    unknown_services = r.unknown_services, event_seq = r.event_seq
from jsonb_populate_recordset(null::accounts, $1::jsonb) r
where t.id = r.id
