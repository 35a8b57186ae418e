-- Adds what ended ($1, an array of deltas) and ends the requests of which nothing is open any more, once: whoever adds
-- the last one. The rows were locked in id order before (requests_lock).
update requests as t set
    done = t.done + d.done,
    failed = t.failed + d.failed,
    superseded = t.superseded + d.superseded,
    cancelled = t.cancelled + d.cancelled,
    event_seq = t.event_seq + case when d.ends and t.finished_at is null then 1 else 0 end,
    finished_at = case when d.ends then coalesce(t.finished_at, $2::bigint) else t.finished_at end
from (
    select r.id, d.done, d.failed, d.superseded, d.cancelled,
        r.total = r.done + r.failed + r.superseded + r.cancelled
            + d.done + d.failed + d.superseded + d.cancelled as ends
    from requests r
    join (
        select (value ->> 'id')::uuid as id,
            sum((value ->> 'done')::integer)::integer as done,
            sum((value ->> 'failed')::integer)::integer as failed,
            sum((value ->> 'superseded')::integer)::integer as superseded,
            sum((value ->> 'cancelled')::integer)::integer as cancelled
        from jsonb_array_elements($1::jsonb)
        group by 1
    ) d on d.id = r.id
) d
where t.id = d.id
