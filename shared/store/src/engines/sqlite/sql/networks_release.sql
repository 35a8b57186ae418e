-- Networks that outlive their service, because a link of its own needs them: they are nobody's but the tenant's now.
update networks set network_service_id = null, leaving = 0, version = version + 1
where network_service_id in (select value from json_each($1))
