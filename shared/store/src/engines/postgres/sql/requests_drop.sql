-- These requests.
delete from requests where id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb)))
