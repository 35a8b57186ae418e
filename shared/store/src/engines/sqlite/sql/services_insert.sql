-- Network services. What meets a row that is there already (id, or the tenant's name) is left out and its id not answered.
insert into services (
    id, tenant_id, name, service_type, bandwidth_kbps, latency_ms, wim_id, strategy, phase,
    version, created_at, modified_at)
select
    value ->> 'id', value ->> 'tenant_id', value ->> 'name', value ->> 'service_type',
    value ->> 'bandwidth_kbps', value ->> 'latency_ms', value ->> 'wim_id', value ->> 'strategy',
    value ->> 'phase', value ->> 'version', value ->> 'created_at', value ->> 'modified_at'
from json_each($1)
where true
on conflict do nothing
returning json_quote(id)
