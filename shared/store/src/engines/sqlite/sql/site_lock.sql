-- One site; the one writer has the whole database, so reading is locking.
select json_object('kind', 'site', 'object', json(row)) from sites_json
where id = $1
