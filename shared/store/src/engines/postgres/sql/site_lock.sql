-- One site, locked.
select json_build_object('kind', 'site', 'object', t)::text from sites t
where t.id = $1::uuid
for no key update
