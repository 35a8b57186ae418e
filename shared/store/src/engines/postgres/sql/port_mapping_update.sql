-- All columns of one row whose version was the expected one ($2).
update port_mappings as t set
    wim_id = r.wim_id, site_id = r.site_id, pop_switch_dpid = r.pop_switch_dpid,
    pop_switch_port = r.pop_switch_port, wan_service_endpoint_id = r.wan_service_endpoint_id,
    wan_service_mapping_info = r.wan_service_mapping_info, version = r.version,
    created_at = r.created_at, modified_at = r.modified_at
from jsonb_populate_recordset(null::port_mappings, $1::jsonb) r
where t.id = r.id and t.version = $2::bigint
