-- All actions of these links.
delete from actions where link_id in (select value from json_each($1))
