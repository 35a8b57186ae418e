-- Attempts that are over and were not their action's last.
insert into attempts (
    action_id, attempt, epoch, session_id, started_at, ended_at, reason)
select
    value ->> 'action_id', value ->> 'attempt', value ->> 'epoch', value ->> 'session_id',
    value ->> 'started_at', value ->> 'ended_at', nullif(value -> 'reason', 'null')
from json_each($1)
where true
