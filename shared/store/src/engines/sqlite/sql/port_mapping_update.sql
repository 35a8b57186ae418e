-- All columns of one row whose version was the expected one ($2).
update port_mappings as t set
    wim_id = r.value ->> 'wim_id', site_id = r.value ->> 'site_id',
    pop_switch_dpid = r.value ->> 'pop_switch_dpid',
    pop_switch_port = r.value ->> 'pop_switch_port',
    wan_service_endpoint_id = r.value ->> 'wan_service_endpoint_id',
    wan_service_mapping_info = nullif(r.value -> 'wan_service_mapping_info', 'null'),
    version = r.value ->> 'version', created_at = r.value ->> 'created_at',
    modified_at = r.value ->> 'modified_at'
from json_each($1) as r
where t.id = r.value ->> 'id' and t.version = $2
