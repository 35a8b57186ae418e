-- Network services in id order; the one writer has the whole database, so reading is locking.
select row from services_json
where id in (select value from json_each($1))
order by id
