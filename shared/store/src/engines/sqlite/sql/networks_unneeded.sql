-- The networks of these services ($1) that go now: all of the services that end ($2), and those that are leaving a
-- service and of whose virtual link no action is unfinished, for one that is called off may bring them back. What a
-- link needs stays.
select json_quote(n.id) from networks n
where n.network_service_id in (select value from json_each($1))
    and (n.network_service_id in (select value from json_each($2))
        or (n.leaving and not exists (
            select 1 from links l join actions a on a.link_id = l.id
            where l.network_service_id = n.network_service_id and l.virtual_link = n.virtual_link
                and a.finished_at is null)))
    and not exists (
        select 1 from link_networks x join links l on l.id = x.link_id
        where x.network_id = n.id and l.status <> 'DELETED')
order by n.id
