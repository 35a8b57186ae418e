-- All columns of one row whose version was the expected one ($2).
update networks as t set
    tenant_id = r.value ->> 'tenant_id', site_id = r.value ->> 'site_id',
    name = r.value ->> 'name', service = r.value ->> 'service',
    virtual_link = r.value ->> 'virtual_link', status = r.value ->> 'status',
    status_detail = r.value ->> 'status_detail', vim_info = r.value -> 'vim_info',
    external_port = nullif(r.value -> 'external_port', 'null'),
    encapsulation = r.value -> 'encapsulation',
    network_service_id = r.value ->> 'network_service_id', leaving = r.value ->> 'leaving', version = r.value ->> 'version',
    created_at = r.value ->> 'created_at', modified_at = r.value ->> 'modified_at'
from json_each($1) as r
where t.id = r.value ->> 'id' and t.version = $2
