-- All mappings of a WIM, before they are replaced or the WIM goes.
delete from port_mappings where wim_id = $1
