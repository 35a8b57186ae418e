-- The SCHEDULED actions of these accounts ($1; null: of all) are due at $2, no prompt counted as sent. What was due earlier
-- stays first in line.
update actions set due_at = min(due_at, $2), dispatches = 0
where finished_at is null and state = 'SCHEDULED'
    and ($1 is null or account_id in (select value from json_each($1)))
