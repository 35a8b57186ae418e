-- One network, locked.
select json_build_object('kind', 'network', 'object', t)::text from networks t
where t.id = $1::uuid
for no key update
