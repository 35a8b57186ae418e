-- One account whose version was the expected one ($2): all columns but those of lease, status and events,
-- which belong to accounts_update, so that an edit cannot bring an old epoch back.
update accounts as t set
    tenant_id = r.value ->> 'tenant_id', wim_id = r.value ->> 'wim_id', name = r.value ->> 'name',
    "user" = r.value ->> 'user', config = r.value -> 'config', secrets = r.value -> 'secrets',
    phase = r.value ->> 'phase', version = r.value ->> 'version',
    created_at = r.value ->> 'created_at', modified_at = r.value ->> 'modified_at'
from json_each($1) as r
where t.id = r.value ->> 'id' and t.version = $2
