-- One network; the one writer has the whole database, so reading is locking.
select json_object('kind', 'network', 'object', json(row)) from networks_json
where id = $1
