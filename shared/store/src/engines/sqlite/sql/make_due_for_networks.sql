-- The SCHEDULED actions of links that need one of these networks are due at $2, no prompt counted as sent: their prompts
-- were answered with `wait` and are gone. What was due earlier stays first in line.
update actions set due_at = min(due_at, $2), dispatches = 0
where finished_at is null and state = 'SCHEDULED'
    and link_id in (select link_id from link_networks where network_id in (select value from json_each($1)))
