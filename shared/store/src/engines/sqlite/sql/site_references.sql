-- What refers to a site and so keeps it: the nouns and how many, in a fixed order. Tombstones of links do not count.
select row from (
    select 1 as place, json_array('network', count(*)) as row, count(*) as n
    from networks where site_id = $1
    union all
    select 2 as place, json_array('port mapping', count(*)) as row, count(*) as n
    from port_mappings where site_id = $1
    union all
    select 3 as place, json_array('link', count(*)) as row, count(*) as n
    from links l
    where status <> 'DELETED'
        and exists (select 1 from json_each(l.wish, '$.endpoints') p where p.value ->> 'site_id' = $1)
) r
where n > 0
order by place
