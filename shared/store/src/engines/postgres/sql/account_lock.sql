-- One account, locked.
select json_build_object('kind', 'account', 'object', t)::text from accounts t
where t.id = $1::uuid
for no key update
