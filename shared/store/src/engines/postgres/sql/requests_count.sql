-- The counters of locked requests (requests_lock).
update requests as t set
    done = r.done, failed = r.failed, superseded = r.superseded, cancelled = r.cancelled,
    event_seq = r.event_seq, finished_at = r.finished_at
from jsonb_populate_recordset(null::requests, $1::jsonb) r
where t.id = r.id
