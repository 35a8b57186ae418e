-- One tenant; the one writer has the whole database, so reading is locking.
select json_object('kind', 'tenant', 'object', json(row)) from tenants_json
where id = $1
