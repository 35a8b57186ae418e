-- Links that are not there yet; answers their ids. A redelivered journal message meets its own rows.
insert into links (
    id, tenant_id, wim_id, account_id, name, network_service_id, virtual_link, wish, status, status_reason, status_since,
    status_source, observed_status, service_id, conn_info, touched, newest_at, begun, deletion,
    lost_at, effective, last_seen_at, refresh_due_at, event_seq, version, created_at, modified_at, deleted_at)
select
    value ->> 'id', value ->> 'tenant_id', value ->> 'wim_id', value ->> 'account_id',
    value ->> 'name', value ->> 'network_service_id', value ->> 'virtual_link', value -> 'wish', value ->> 'status',
    nullif(value -> 'status_reason', 'null'), value ->> 'status_since', value ->> 'status_source',
    value ->> 'observed_status', value ->> 'service_id', nullif(value -> 'conn_info', 'null'),
    value ->> 'touched', value ->> 'newest_at', nullif(value -> 'begun', 'null'),
    nullif(value -> 'deletion', 'null'), value ->> 'lost_at',
    nullif(value -> 'effective', 'null'), value ->> 'last_seen_at', value ->> 'refresh_due_at',
    value ->> 'event_seq', value ->> 'version', value ->> 'created_at', value ->> 'modified_at',
    value ->> 'deleted_at'
from json_each($1)
where true
on conflict (id) do nothing
returning json_quote(id)
