-- Port mappings from one JSON array. What meets a row that is there already (id, unique name or pair) is left
-- out and its id not answered, so that the transaction lives on and can ask which row that is (port_mapping_taken).
insert into port_mappings (
    id, wim_id, site_id, pop_switch_dpid, pop_switch_port, wan_service_endpoint_id,
    wan_service_mapping_info, version, created_at, modified_at)
select
    r.id, r.wim_id, r.site_id, r.pop_switch_dpid, r.pop_switch_port, r.wan_service_endpoint_id,
    r.wan_service_mapping_info, r.version, r.created_at, r.modified_at
from jsonb_populate_recordset(null::port_mappings, $1::jsonb) r
order by r.id
on conflict do nothing
returning to_json(id)::text
