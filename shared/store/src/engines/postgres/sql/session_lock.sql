-- One session, locked.
select to_json(t)::text from sessions t
where t.id = $1::uuid
for no key update
