-- One port mapping; the one writer has the whole database, so reading is locking.
select json_object('kind', 'port_mapping', 'object', json(row)) from port_mappings_json
where id = $1
