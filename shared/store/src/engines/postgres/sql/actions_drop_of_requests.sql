-- All actions of these requests.
delete from actions where request_id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb)))
