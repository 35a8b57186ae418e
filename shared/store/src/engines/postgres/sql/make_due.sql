-- The SCHEDULED and RUNNING actions of these accounts ($1; null: the SCHEDULED ones of all) are due at $2. What was due
-- earlier stays first in line, and prompts that were sent stay counted.
with held as (
    select id from actions
    where finished_at is null
        and (($1::text is null and state = 'SCHEDULED')
            or (state in ('SCHEDULED', 'RUNNING') and account_id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb)))))
    order by id
    for no key update)
update actions as t set due_at = least(t.due_at, $2::bigint)
from held
where t.id = held.id
