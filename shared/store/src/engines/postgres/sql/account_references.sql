-- What refers to a account and so keeps it: the nouns and how many, in a fixed order. Tombstones of links do not count.
select row from (
    select 1 as place, json_build_array('link', count(*))::text as row, count(*) as n
    from links where live_account_id = $1::uuid
) r
where n > 0
order by place
