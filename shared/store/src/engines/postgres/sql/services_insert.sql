-- Network services. What meets a row that is there already (id, or the tenant's name) is left out and its id not answered.
insert into services (
    id, tenant_id, name, service_type, bandwidth_kbps, latency_ms, wim_id, strategy, phase,
    version, created_at, modified_at)
select
    r.id, r.tenant_id, r.name, r.service_type, r.bandwidth_kbps, r.latency_ms, r.wim_id, r.strategy, r.phase,
    r.version, r.created_at, r.modified_at
from jsonb_populate_recordset(null::services, $1::jsonb) r
order by r.id
on conflict do nothing
returning to_json(id)::text
