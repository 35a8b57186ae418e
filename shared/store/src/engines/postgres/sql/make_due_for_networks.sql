-- The SCHEDULED actions of links that need one of these networks are due at $2, no prompt counted as sent: their prompts
-- were answered with `wait` and are gone. What was due earlier stays first in line.
with held as (
    select id from actions
    where finished_at is null and state = 'SCHEDULED'
        and link_id in (select link_id from link_networks where network_id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb))))
    order by id
    for no key update)
update actions as t set due_at = least(t.due_at, $2::bigint), dispatches = 0
from held
where t.id = held.id
