-- One account; the one writer has the whole database, so reading is locking.
select json_object('kind', 'account', 'object', json(row)) from accounts_json
where id = $1
