-- What refers to a wim and so keeps it: the nouns and how many, in a fixed order.
select row from (
    select 1 as place, json_array('account', count(*)) as row, count(*) as n
    from accounts where wim_id = $1
) r
where n > 0
order by place
