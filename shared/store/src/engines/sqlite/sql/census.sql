-- What waits, by the partial indexes over what is unfinished: actions by state, and events not yet published.
select json_object(
    'actions', (
        select json_group_array(json_object('state', s.state, 'count', s.count, 'since', s.since))
        from (
            select a.state as state, count(*) as count, min(a.waiting_since) as since
            from actions a
            where a.finished_at is null
            group by a.state
            order by a.state
        ) s),
    'events', (select count(*) from outbox o where o.published_at is null),
    'events_since', (select min(o.at) from outbox o where o.published_at is null))
