-- All actions of these requests.
delete from actions where request_id in (select value from json_each($1))
