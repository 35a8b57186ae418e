-- Those of these tenants that are there, kept from going away until the end of the transaction.
select to_json(t.id)::text from tenants t
where t.id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb)))
order by t.id
for key share
