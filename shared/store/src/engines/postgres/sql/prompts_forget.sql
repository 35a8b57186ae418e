-- What may have been prompted and is not running is due at $1, no prompt counted as sent. A retry without a prompt waits
-- for its own time.
with held as (
    select id from actions
    where finished_at is null and (state = 'SCHEDULED' or (state = 'RETRY' and dispatches > 0))
    order by id
    for no key update)
update actions as t set due_at = least(t.due_at, $1::bigint), dispatches = 0
from held
where t.id = held.id
