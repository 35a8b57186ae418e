-- The SCHEDULED actions of these accounts ($1), and their RUNNING ones of an epoch that is over, are due at $2; null: the
-- SCHEDULED ones of all. What was due earlier stays first in line, and prompts that were sent stay counted.
update actions set due_at = min(due_at, $2)
where finished_at is null
    and (($1 is null and state = 'SCHEDULED')
        or (account_id in (select value from json_each($1))
            and (state = 'SCHEDULED'
                or (state = 'RUNNING' and epoch < (select a.epoch from accounts a where a.id = account_id)))))
