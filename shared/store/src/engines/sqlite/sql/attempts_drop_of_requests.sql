-- The attempts of all actions of these requests.
delete from attempts where action_id in (select a.id from actions a where a.request_id in (select value from json_each($1)))
