-- Networks that outlive their service, because a link of its own needs them: they are nobody's but the tenant's now.
update networks set network_service_id = null, leaving = false, version = version + 1
where network_service_id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb)))
