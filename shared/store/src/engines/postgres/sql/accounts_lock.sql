-- Accounts, locked in id order, so that two batches never wait for each other in a circle.
-- `no key update`: a foreign key's check (`key share`) on these rows need not wait.
select to_json(t)::text from accounts t
where t.id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb)))
order by t.id
for no key update
