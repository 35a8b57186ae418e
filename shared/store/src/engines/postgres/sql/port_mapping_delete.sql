delete from port_mappings where id = $1::uuid
