-- The same for the SCHEDULED actions of links that need one of these networks.
update actions set due_at = min(due_at, $2), dispatches = 0
where finished_at is null and state = 'SCHEDULED'
    and link_id in (select link_id from link_networks where network_id in (select value from json_each($1)))
