-- The links of these network services without tombstones, in id order.
select row from links_json
where network_service_id in (select value from json_each($1)) and status <> 'DELETED'
order by id
