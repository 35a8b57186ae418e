-- Adds what ended ($1, an array of deltas) and ends the requests of which nothing is open any more, once: whoever adds
-- the last one. The rows were locked in id order before (requests_lock).
update requests as t set
    done = t.done + d.done,
    failed = t.failed + d.failed,
    superseded = t.superseded + d.superseded,
    cancelled = t.cancelled + d.cancelled,
    event_seq = t.event_seq + iif(d.ends and t.finished_at is null, 1, 0),
    finished_at = iif(d.ends, coalesce(t.finished_at, $2), t.finished_at)
from (
    select r.id, d.done, d.failed, d.superseded, d.cancelled,
        r.total = r.done + r.failed + r.superseded + r.cancelled
            + d.done + d.failed + d.superseded + d.cancelled as ends
    from requests r
    join (
        select value ->> 'id' as id,
            sum(value ->> 'done') as done,
            sum(value ->> 'failed') as failed,
            sum(value ->> 'superseded') as superseded,
            sum(value ->> 'cancelled') as cancelled
        from json_each($1)
        group by 1
    ) d on d.id = r.id
) d
where t.id = d.id
