-- Of each of these links the action that is latest in accepted order among those that ended FAILED.
select row from actions_json t
where t.link_id in (select value from json_each($1)) and t.state = 'FAILED'
    and not exists (
        select 1 from actions later
        where later.link_id = t.link_id and later.state = 'FAILED'
            and (later.accepted_at, later.id) > (t.accepted_at, t.id))
order by t.id
