-- Networks from one JSON array. What meets a row that is there already (id, unique name or pair) is left
-- out and its id not answered, so that the transaction lives on and can ask which row that is (network_taken).
insert into networks (
    id, tenant_id, site_id, name, service, virtual_link, status, status_detail, vim_info,
    external_port, encapsulation, network_service_id, leaving, version, created_at, modified_at)
select
    r.id, r.tenant_id, r.site_id, r.name, r.service, r.virtual_link, r.status, r.status_detail,
    r.vim_info, r.external_port, r.encapsulation, r.network_service_id, r.leaving, r.version, r.created_at, r.modified_at
from jsonb_populate_recordset(null::networks, $1::jsonb) r
order by r.id
on conflict do nothing
returning to_json(id)::text
