-- One account whose version was the expected one ($2): all columns but those of lease, status and events,
-- which belong to accounts_update, so that an edit cannot bring an old epoch back.
update accounts as t set
    tenant_id = r.tenant_id, wim_id = r.wim_id, name = r.name, "user" = r."user",
    config = r.config, secrets = r.secrets, phase = r.phase, version = r.version,
    created_at = r.created_at, modified_at = r.modified_at
from jsonb_populate_recordset(null::accounts, $1::jsonb) r
where t.id = r.id and t.version = $2::bigint
