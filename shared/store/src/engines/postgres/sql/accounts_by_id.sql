-- Accounts by id, in id order; unknown ids are omitted. `share`: they stay as they are until the end of the transaction,
-- which any number of readers may ask at once.
select to_json(t)::text from accounts t
where t.id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb)))
order by t.id
for share
