-- Attempts that are over and were not their action's last.
insert into attempts (
    action_id, attempt, epoch, session_id, started_at, ended_at, reason)
select
    r.action_id, r.attempt, r.epoch, r.session_id, r.started_at, r.ended_at, r.reason
from jsonb_populate_recordset(null::attempts, $1::jsonb) r
