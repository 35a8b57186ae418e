-- The networks of these network services, also those that are leaving, in id order.
select to_json(t)::text from networks t
where t.network_service_id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb)))
order by t.id
