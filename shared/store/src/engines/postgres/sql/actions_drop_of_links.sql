-- All actions of these links.
delete from actions where link_id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb)))
