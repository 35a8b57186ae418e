-- These requests.
delete from requests where id in (select value from json_each($1))
