-- The links of these network services without tombstones, in id order.
select to_json(t)::text from links t
where t.network_service_id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb))) and t.status <> 'DELETED'
order by t.id
