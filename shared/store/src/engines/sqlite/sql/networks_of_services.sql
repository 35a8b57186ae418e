-- The networks of these network services, also those that are leaving, in id order.
select row from networks_json
where network_service_id in (select value from json_each($1))
order by id
