-- The unfinished actions of these locked links, in id order.
select row from actions_json
where link_id in (select value from json_each($1)) and finished_at is null
order by id
