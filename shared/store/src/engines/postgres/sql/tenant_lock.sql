-- One tenant, locked.
select json_build_object('kind', 'tenant', 'object', t)::text from tenants t
where t.id = $1::uuid
for no key update
