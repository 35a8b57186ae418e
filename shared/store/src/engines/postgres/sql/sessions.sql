select to_json(t)::text from sessions t order by t.id
