-- All columns of one row whose version was the expected one ($2).
update networks as t set
    tenant_id = r.tenant_id, site_id = r.site_id, name = r.name, service = r.service,
    virtual_link = r.virtual_link, status = r.status, status_detail = r.status_detail,
    vim_info = r.vim_info, external_port = r.external_port, encapsulation = r.encapsulation,
    network_service_id = r.network_service_id, leaving = r.leaving,
    version = r.version, created_at = r.created_at, modified_at = r.modified_at
from jsonb_populate_recordset(null::networks, $1::jsonb) r
where t.id = r.id and t.version = $2::bigint
