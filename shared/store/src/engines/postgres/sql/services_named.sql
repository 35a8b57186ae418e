-- Network services by pairs of tenant and exact name, in id order; pairs that nothing has are omitted.
select to_json(t)::text from services t
where (t.tenant_id, t.name) in (select (value ->> 0)::uuid, value ->> 1 from jsonb_array_elements($1::jsonb))
order by t.id
