-- The counters of locked requests (requests_lock).
update requests as t set
    done = r.value ->> 'done', failed = r.value ->> 'failed', superseded = r.value ->> 'superseded',
    cancelled = r.value ->> 'cancelled', event_seq = r.value ->> 'event_seq', finished_at = r.value ->> 'finished_at'
from json_each($1) r
where t.id = r.value ->> 'id'
