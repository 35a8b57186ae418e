-- Port mappings from one JSON array. What meets a row that is there already (id, unique name or pair) is left
-- out and its id not answered, so that the transaction lives on and can ask which row that is (port_mapping_taken).
insert into port_mappings (
    id, wim_id, site_id, pop_switch_dpid, pop_switch_port, wan_service_endpoint_id,
    wan_service_mapping_info, version, created_at, modified_at)
select
    value ->> 'id', value ->> 'wim_id', value ->> 'site_id', value ->> 'pop_switch_dpid',
    value ->> 'pop_switch_port', value ->> 'wan_service_endpoint_id',
    nullif(value -> 'wan_service_mapping_info', 'null'), value ->> 'version',
    value ->> 'created_at', value ->> 'modified_at'
from json_each($1)
where true
on conflict do nothing
returning json_quote(id)
