-- Ids of the rows that stand where this one ($1, as an array) would: under its id or under what is unique of it.
select json_quote(t.id)
from port_mappings t, json_each($1) r
where t.id = r.value ->> 'id'
    or (t.wim_id = r.value ->> 'wim_id' and t.site_id = r.value ->> 'site_id' and t.pop_switch_dpid = r.value ->> 'pop_switch_dpid' and t.pop_switch_port = r.value ->> 'pop_switch_port')
    or (t.wim_id = r.value ->> 'wim_id' and t.wan_service_endpoint_id = r.value ->> 'wan_service_endpoint_id')
order by t.id
