-- Links that are not there yet; answers their ids. A redelivered journal message meets its own rows.
insert into links (
    id, tenant_id, wim_id, account_id, name, network_service_id, virtual_link, wish, status, status_reason, status_since,
    status_source, observed_status, service_id, conn_info, touched, newest_at, begun, deletion,
    lost_at, effective, last_seen_at, refresh_due_at, event_seq, version, created_at, modified_at, deleted_at)
select
    r.id, r.tenant_id, r.wim_id, r.account_id, r.name, r.network_service_id, r.virtual_link, r.wish, r.status, r.status_reason,
    r.status_since, r.status_source, r.observed_status, r.service_id, r.conn_info, r.touched,
    r.newest_at, r.begun, r.deletion, r.lost_at, r.effective, r.last_seen_at, r.refresh_due_at, r.event_seq, r.version,
    r.created_at, r.modified_at, r.deleted_at
from jsonb_populate_recordset(null::links, $1::jsonb) r
order by r.id
on conflict (id) do nothing
returning to_json(id)::text
