-- Networks from one JSON array. What meets a row that is there already (id, unique name or pair) is left
-- out and its id not answered, so that the transaction lives on and can ask which row that is (network_taken).
insert into networks (
    id, tenant_id, site_id, name, service, virtual_link, status, status_detail, vim_info,
    external_port, encapsulation, network_service_id, leaving, version, created_at, modified_at)
select
    value ->> 'id', value ->> 'tenant_id', value ->> 'site_id', value ->> 'name',
    value ->> 'service', value ->> 'virtual_link', value ->> 'status', value ->> 'status_detail',
    value -> 'vim_info', nullif(value -> 'external_port', 'null'), value -> 'encapsulation',
    value ->> 'network_service_id', value ->> 'leaving',
    value ->> 'version', value ->> 'created_at', value ->> 'modified_at'
from json_each($1)
where true
on conflict do nothing
returning json_quote(id)
