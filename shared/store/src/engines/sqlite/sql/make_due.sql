-- The SCHEDULED and RUNNING actions of these accounts ($1; null: the SCHEDULED ones of all) are due at $2. What was due
-- earlier stays first in line, and prompts that were sent stay counted.
update actions set due_at = min(due_at, $2)
where finished_at is null
    and (($1 is null and state = 'SCHEDULED')
        or (state in ('SCHEDULED', 'RUNNING') and account_id in (select value from json_each($1))))
