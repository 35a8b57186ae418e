-- What refers to a tenant and so keeps it: the nouns and how many, in a fixed order.
select row from (
    select 1 as place, json_build_array('account', count(*))::text as row, count(*) as n
    from accounts where tenant_id = $1::uuid
    union all
    select 2 as place, json_build_array('network', count(*))::text as row, count(*) as n
    from networks where tenant_id = $1::uuid
    union all
    select 3 as place, json_build_array('service', count(*))::text as row, count(*) as n
    from services where tenant_id = $1::uuid
) r
where n > 0
order by place
