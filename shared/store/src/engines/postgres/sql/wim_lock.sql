-- One wim, locked.
select json_build_object('kind', 'wim', 'object', t)::text from wims t
where t.id = $1::uuid
for no key update
