-- All columns of locked network services.
update services as t set
    tenant_id = r.value ->> 'tenant_id', name = r.value ->> 'name', service_type = r.value ->> 'service_type',
    bandwidth_kbps = r.value ->> 'bandwidth_kbps', latency_ms = r.value ->> 'latency_ms', wim_id = r.value ->> 'wim_id',
    strategy = r.value ->> 'strategy', phase = r.value ->> 'phase', version = r.value ->> 'version',
    created_at = r.value ->> 'created_at', modified_at = r.value ->> 'modified_at'
from json_each($1) as r
where t.id = r.value ->> 'id'
