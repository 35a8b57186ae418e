-- Gives the waiting actions of these accounts ($1) the time from $2 to $3 back; $5 = 1: they are due at $4, no prompt
-- counted as sent.
with held as (
    select id from actions
    where finished_at is null and state in ('SCHEDULED', 'RETRY') and account_id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb)))
    order by id
    for no key update)
update actions as t set
    waiting_since = t.waiting_since + greatest(0, $3::bigint - greatest(t.waiting_since, $2::bigint)),
    failing_since = t.failing_since + greatest(0, $3::bigint - greatest(t.failing_since, $2::bigint)),
    due_at = case when $5::bigint = 1 then least(t.due_at, $4::bigint) else t.due_at end,
    dispatches = case when $5::bigint = 1 then 0 else t.dispatches end
from held
where t.id = held.id
