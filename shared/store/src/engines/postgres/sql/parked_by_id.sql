select to_json(t)::text from parked t where t.id = $1::uuid
