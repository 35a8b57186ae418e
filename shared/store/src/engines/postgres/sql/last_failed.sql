-- Of each of these links the action that is latest in accepted order among those that ended FAILED.
select to_json(t)::text from (
    select distinct on (a.link_id) a.* from actions a
    where a.link_id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb))) and a.state = 'FAILED'
    order by a.link_id, a.accepted_at desc, a.id desc
) t
order by t.id
