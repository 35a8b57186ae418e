-- Phase, status, lease and event columns of locked accounts; an edit's columns belong to account_update.
update accounts as t set
    phase = r.value ->> 'phase', status = r.value ->> 'status',
    status_reason = nullif(r.value -> 'status_reason', 'null'),
    status_since = r.value ->> 'status_since', checked_at = r.value ->> 'checked_at',
    epoch = r.value ->> 'epoch', session_id = r.value ->> 'session_id',
    former_session_id = r.value ->> 'former_session_id', former_until = r.value ->> 'former_until',
    refresh_due_at = r.value ->> 'refresh_due_at', listed_at = r.value ->> 'listed_at',
    unknown_services = r.value ->> 'unknown_services', event_seq = r.value ->> 'event_seq'
from json_each($1) as r
where t.id = r.value ->> 'id'
