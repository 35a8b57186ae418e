-- One wim; the one writer has the whole database, so reading is locking.
select json_object('kind', 'wim', 'object', json(row)) from wims_json
where id = $1
