-- Rows as the JSON of the domain's structs: each field list stands here once, and every read goes through these views. SQLite
-- flattens them into the query, so an index on the table is an index on the view.

create view tenants_json as
select *, json_object(
    'id', id, 'name', name, 'description', description, 'version', version,
    'created_at', created_at, 'modified_at', modified_at) as row
from tenants;

create view sites_json as
select *, json_object(
    'id', id, 'name', name, 'description', description, 'latitude', json(latitude),
    'longitude', json(longitude), 'external_connections', json(external_connections),
    'version', version, 'created_at', created_at, 'modified_at', modified_at) as row
from sites;

create view wims_json as
select *, json_object(
    'id', id, 'name', name, 'description', description, 'type', type, 'wim_url', wim_url,
    'config', json(config), 'version', version, 'created_at', created_at,
    'modified_at', modified_at) as row
from wims;

create view accounts_json as
select *, json_object(
    'id', id, 'tenant_id', tenant_id, 'wim_id', wim_id, 'name', name, 'user', "user",
    'config', json(config), 'secrets', json(secrets), 'phase', phase, 'status', status,
    'status_reason', json(status_reason), 'status_since', status_since, 'checked_at', checked_at,
    'epoch', epoch, 'session_id', session_id, 'former_session_id', former_session_id,
    'former_until', former_until, 'refresh_due_at', refresh_due_at, 'listed_at', listed_at,
    'unknown_services', unknown_services, 'event_seq', event_seq, 'version', version,
    'created_at', created_at, 'modified_at', modified_at) as row
from accounts;

create view port_mappings_json as
select *, json_object(
    'id', id, 'wim_id', wim_id, 'site_id', site_id, 'pop_switch_dpid', pop_switch_dpid,
    'pop_switch_port', pop_switch_port, 'wan_service_endpoint_id', wan_service_endpoint_id,
    'wan_service_mapping_info', json(wan_service_mapping_info), 'version', version,
    'created_at', created_at, 'modified_at', modified_at) as row
from port_mappings;

create view networks_json as
select *, json_object(
    'id', id, 'tenant_id', tenant_id, 'site_id', site_id, 'name', name, 'service', service,
    'virtual_link', virtual_link, 'status', status, 'status_detail', status_detail,
    'vim_info', json(vim_info), 'external_port', json(external_port),
    'encapsulation', json(encapsulation), 'network_service_id', network_service_id,
    'leaving', json(iif(leaving, 'true', 'false')), 'version', version, 'created_at', created_at,
    'modified_at', modified_at) as row
from networks;

create view services_json as
select *, json_object(
    'id', id, 'tenant_id', tenant_id, 'name', name, 'service_type', service_type,
    'bandwidth_kbps', bandwidth_kbps, 'latency_ms', latency_ms, 'wim_id', wim_id,
    'strategy', strategy, 'phase', phase, 'version', version, 'created_at', created_at,
    'modified_at', modified_at) as row
from services;

create view holds_json as
select *, json_object('kind', kind, 'id', id, 'reason', reason, 'since', since) as row
from holds;

create view sessions_json as
select *, json_object(
    'id', id, 'worker', worker, 'connectors', json(connectors), 'capacity', capacity,
    'draining', json(iif(draining, 'true', 'false')), 'lease_until', lease_until,
    'idle', json(idle), 'registered_at', registered_at) as row
from sessions;

create view requests_json as
select *, json_object(
    'id', id, 'tenant_id', tenant_id, 'digest', digest, 'accepted_at', accepted_at,
    'refused', json(refused), 'total', total, 'done', done, 'failed', failed,
    'superseded', superseded, 'cancelled', cancelled, 'event_seq', event_seq,
    'created_at', created_at, 'finished_at', finished_at) as row
from requests;

create view links_json as
select *, json_object(
    'id', id, 'tenant_id', tenant_id, 'wim_id', wim_id, 'account_id', account_id, 'name', name,
    'network_service_id', network_service_id, 'virtual_link', virtual_link,
    'wish', json(wish), 'status', status, 'status_reason', json(status_reason),
    'status_since', status_since, 'status_source', status_source,
    'observed_status', observed_status, 'service_id', service_id, 'conn_info', json(conn_info),
    'touched', json(iif(touched, 'true', 'false')), 'newest_at', newest_at, 'begun', json(begun),
    'deletion', json(deletion), 'lost_at', lost_at, 'effective', json(effective),
    'last_seen_at', last_seen_at, 'refresh_due_at', refresh_due_at,
    'event_seq', event_seq, 'version', version, 'created_at', created_at,
    'modified_at', modified_at, 'deleted_at', deleted_at) as row
from links;

create view actions_json as
select *, json_object(
    'id', id, 'request_id', request_id, 'link_id', link_id, 'account_id', account_id,
    'tenant_id', tenant_id, 'kind', kind, 'state', state, 'accepted_at', accepted_at,
    'wish', json(wish), 'patch', json(patch), 'due_at', due_at, 'dispatches', dispatches, 'claims', claims,
    'attempt', attempt, 'epoch', epoch, 'session_id', session_id, 'started_at', started_at,
    'observe_first', json(iif(observe_first, 'true', 'false')), 'retries', retries,
    'failures', failures, 'failing_since', failing_since, 'reason', json(reason), 'waiting_since', waiting_since, 'created_at', created_at,
    'finished_at', finished_at, 'trace', trace) as row
from actions;

create view attempts_json as
select *, json_object(
    'action_id', action_id, 'attempt', attempt, 'epoch', epoch, 'session_id', session_id,
    'started_at', started_at, 'ended_at', ended_at, 'reason', json(reason)) as row
from attempts;

create view outbox_json as
select *, json_object(
    'id', id, 'tenant_id', tenant_id, 'subject', subject, 'sequence', sequence, 'type', type,
    'at', at, 'data', json(data)) as row
from outbox;

create view parked_json as
select *, json_object(
    'id', id, 'origin', origin, 'reason', reason, 'count', count, 'payload', payload,
    'parked_at', parked_at, 'replayed_at', replayed_at) as row
from parked;

-- Catalogue objects of all kinds, for what treats them alike.
create view objects as
select 'tenant' as kind, id, name as name, created_at, json_object('kind', 'tenant', 'object', json(row)) as row from tenants_json
union all
select 'site' as kind, id, name as name, created_at, json_object('kind', 'site', 'object', json(row)) as row from sites_json
union all
select 'wim' as kind, id, name as name, created_at, json_object('kind', 'wim', 'object', json(row)) as row from wims_json
union all
select 'account' as kind, id, name as name, created_at, json_object('kind', 'account', 'object', json(row)) as row from accounts_json
union all
select 'port_mapping' as kind, id, null as name, created_at, json_object('kind', 'port_mapping', 'object', json(row)) as row from port_mappings_json
union all
select 'network' as kind, id, name as name, created_at, json_object('kind', 'network', 'object', json(row)) as row from networks_json;
