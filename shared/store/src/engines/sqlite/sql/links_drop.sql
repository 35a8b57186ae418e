-- These links.
delete from links where id in (select value from json_each($1))
