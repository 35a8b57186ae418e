-- Network services by id, without locks, in id order; unknown ids are omitted.
select to_json(t)::text from services t
where t.id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb)))
order by t.id
