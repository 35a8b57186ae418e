-- All columns of locked links.
update links as t set
    tenant_id = r.value ->> 'tenant_id', wim_id = r.value ->> 'wim_id',
    account_id = r.value ->> 'account_id', name = r.value ->> 'name',
    network_service_id = r.value ->> 'network_service_id', virtual_link = r.value ->> 'virtual_link', wish = r.value -> 'wish',
    status = r.value ->> 'status', status_reason = nullif(r.value -> 'status_reason', 'null'),
    status_since = r.value ->> 'status_since', status_source = r.value ->> 'status_source',
    observed_status = r.value ->> 'observed_status', service_id = r.value ->> 'service_id',
    conn_info = nullif(r.value -> 'conn_info', 'null'), touched = r.value ->> 'touched',
    newest_at = r.value ->> 'newest_at', begun = nullif(r.value -> 'begun', 'null'),
    deletion = nullif(r.value -> 'deletion', 'null'), lost_at = r.value ->> 'lost_at',
    effective = nullif(r.value -> 'effective', 'null'), last_seen_at = r.value ->> 'last_seen_at',
    refresh_due_at = r.value ->> 'refresh_due_at', event_seq = r.value ->> 'event_seq',
    version = r.value ->> 'version', created_at = r.value ->> 'created_at',
    modified_at = r.value ->> 'modified_at', deleted_at = r.value ->> 'deleted_at'
from json_each($1) as r
where t.id = r.value ->> 'id'
