-- The attempts of all actions of these links.
delete from attempts where action_id in (select a.id from actions a where a.link_id in (select value from json_each($1)))
