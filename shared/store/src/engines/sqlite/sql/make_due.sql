-- The SCHEDULED and RUNNING actions of these accounts ($1), or the SCHEDULED ones of all (null), are due at $2. What was
-- due earlier stays first in line, and prompts that were sent stay counted: a backlog is never doubled.
update actions set due_at = min(due_at, $2)
where finished_at is null and (state = 'SCHEDULED' or (state = 'RUNNING' and $1 is not null))
    and ($1 is null or account_id in (select value from json_each($1)))
