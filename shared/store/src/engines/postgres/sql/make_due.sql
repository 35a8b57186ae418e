-- The SCHEDULED actions of these accounts ($1), and their RUNNING ones of an epoch that is over, are due at $2; null: the
-- SCHEDULED ones of all. What was due earlier stays first in line, and prompts that were sent stay counted.
with held as (
    select id from actions
    where finished_at is null
        and (($1::text is null and state = 'SCHEDULED')
            or (account_id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb)))
                and (state = 'SCHEDULED'
                    or (state = 'RUNNING' and epoch < (select a.epoch from accounts a where a.id = account_id)))))
    order by id
    for no key update)
update actions as t set due_at = least(t.due_at, $2::bigint)
from held
where t.id = held.id
