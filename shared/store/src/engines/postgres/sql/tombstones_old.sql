-- Up to $2 tombstones from before $1 whose actions all ended before it, locked.
select to_json(l.id)::text from links l
where l.deleted_at < $1::bigint and l.status = 'DELETED'
    and not exists (
        select from actions a
        where a.link_id = l.id and (a.finished_at is null or a.finished_at >= $1::bigint))
order by l.deleted_at, l.id
limit $2::bigint
for update of l skip locked
