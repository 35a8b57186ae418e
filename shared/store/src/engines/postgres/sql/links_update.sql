-- All columns of locked links.
update links as t set
    tenant_id = r.tenant_id, wim_id = r.wim_id, account_id = r.account_id, name = r.name,
    network_service_id = r.network_service_id, virtual_link = r.virtual_link, wish = r.wish, status = r.status, status_reason = r.status_reason,
    status_since = r.status_since, status_source = r.status_source,
    observed_status = r.observed_status, service_id = r.service_id, conn_info = r.conn_info,
    touched = r.touched, newest_at = r.newest_at, begun = r.begun, deletion = r.deletion,
    lost_at = r.lost_at, effective = r.effective,
    last_seen_at = r.last_seen_at, refresh_due_at = r.refresh_due_at, event_seq = r.event_seq,
    version = r.version, created_at = r.created_at, modified_at = r.modified_at,
    deleted_at = r.deleted_at
from jsonb_populate_recordset(null::links, $1::jsonb) r
where t.id = r.id
