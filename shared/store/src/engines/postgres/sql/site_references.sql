-- What refers to a site and so keeps it: the nouns and how many, in a fixed order. Tombstones of links do not count.
select row from (
    select 1 as place, json_build_array('network', count(*))::text as row, count(*) as n
    from networks where site_id = $1::uuid
    union all
    select 2 as place, json_build_array('port mapping', count(*))::text as row, count(*) as n
    from port_mappings where site_id = $1::uuid
    union all
    select 3 as place, json_build_array('link', count(*))::text as row, count(*) as n
    from links
    where status <> 'DELETED'
        and wish -> 'endpoints' @> jsonb_build_array(jsonb_build_object('site_id', $1::uuid))
) r
where n > 0
order by place
