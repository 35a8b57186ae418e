-- The SCHEDULED actions of these accounts ($1; null: of all) are due at $2, no prompt counted as sent. What was due earlier
-- stays first in line.
with held as (
    select id from actions
    where finished_at is null and state = 'SCHEDULED'
        and ($1::text is null or account_id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb))))
    order by id
    for no key update)
update actions as t set due_at = least(t.due_at, $2::bigint), dispatches = 0
from held
where t.id = held.id
