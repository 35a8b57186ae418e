-- Looks at up to $4 requests behind ($2, $3) in the order of making: how many, the last one, and which may go, locked. What
-- ended before $1 may go unless a link that is there still has its latest action, or its latest failed one, in it.
with looked as materialized (
    select id, created_at from requests
    where created_at < $1 and ($2 is null or (created_at, id) > ($2, $3))
    order by created_at, id
    limit $4),
old as materialized (
    select r.id from requests r
    where r.id in (select id from looked) and r.finished_at < $1
        and not exists (
            select 1 from actions a
            join links l on l.id = a.link_id and l.status <> 'DELETED'
            where a.request_id = r.id
                and (not exists (
                        select 1 from actions b
                        where b.link_id = a.link_id and (b.accepted_at, b.id) > (a.accepted_at, a.id))
                    or (a.state = 'FAILED' and not exists (
                        select 1 from actions b
                        where b.link_id = a.link_id and b.state = 'FAILED'
                            and (b.accepted_at, b.id) > (a.accepted_at, a.id))))))
select json_object(
    'looked', (select count(*) from looked),
    'last', json((select json_array(created_at, id) from looked order by created_at desc, id desc limit 1)),
    'old', json((select json_group_array(id) from old)))
