-- Gives the waiting actions of these accounts ($1) the time from $2 to $3 back; $5 = 1: they are due at $4, no prompt
-- counted as sent.
update actions set
    waiting_since = waiting_since + max(0, $3 - max(waiting_since, $2)),
    failing_since = failing_since + max(0, $3 - max(failing_since, $2)),
    due_at = iif($5 = 1, min(due_at, $4), due_at),
    dispatches = iif($5 = 1, 0, dispatches)
where finished_at is null and state in ('SCHEDULED', 'RETRY')
    and account_id in (select value from json_each($1))
