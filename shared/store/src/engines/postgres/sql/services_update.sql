-- All columns of locked network services.
update services as t set
    tenant_id = r.tenant_id, name = r.name, service_type = r.service_type, bandwidth_kbps = r.bandwidth_kbps,
    latency_ms = r.latency_ms, wim_id = r.wim_id, strategy = r.strategy, phase = r.phase,
    version = r.version, created_at = r.created_at, modified_at = r.modified_at
from jsonb_populate_recordset(null::services, $1::jsonb) r
where t.id = r.id
