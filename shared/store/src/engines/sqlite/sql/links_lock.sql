-- Links, locked in id order, so that two batches never wait for each other in a circle.
-- The one writer has the whole database, so reading is locking.
select row from links_json
where id in (select value from json_each($1))
order by id
