-- One port mapping, locked.
select json_build_object('kind', 'port_mapping', 'object', t)::text from port_mappings t
where t.id = $1::uuid
for no key update
