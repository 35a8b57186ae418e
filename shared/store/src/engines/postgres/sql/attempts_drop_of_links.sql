-- The attempts of all actions of these links.
delete from attempts where action_id in (select a.id from actions a where a.link_id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb))))
