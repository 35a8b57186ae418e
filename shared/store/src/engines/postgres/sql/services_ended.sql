-- Which of these (locked) network services are to be deleted and have no link left but tombstones.
select to_json(t.id)::text from services t
where t.id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb))) and t.phase = 'DELETING'
    and not exists (select from links l where l.network_service_id = t.id and l.status <> 'DELETED')
order by t.id
