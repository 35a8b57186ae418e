-- Ids of the rows that stand where this one ($1, as an array) would: under its id or under what is unique of it.
select to_json(t.id)::text
from port_mappings t, jsonb_populate_recordset(null::port_mappings, $1::jsonb) r
where t.id = r.id
    or (t.wim_id = r.wim_id and t.site_id = r.site_id and t.pop_switch_dpid = r.pop_switch_dpid and t.pop_switch_port = r.pop_switch_port)
    or (t.wim_id = r.wim_id and t.wan_service_endpoint_id = r.wan_service_endpoint_id)
order by t.id
