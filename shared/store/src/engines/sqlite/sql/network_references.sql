-- What refers to a network and so keeps it: the nouns and how many, in a fixed order. Tombstones of links do not count.
select row from (
    select 1 as place, json_array('link', count(*)) as row, count(*) as n
    from link_networks n join links l on l.id = n.link_id
    where n.network_id = $1 and l.status <> 'DELETED'
    union all
    select 2 as place, json_array('service', count(*)) as row, count(*) as n
    from networks where id = $1 and network_service_id is not null
) r
where n > 0
order by place
