-- Up to $2 tombstones from before $1 whose actions all ended before it, locked.
select json_quote(l.id) from links l
where l.deleted_at < $1 and l.status = 'DELETED'
    and not exists (
        select 1 from actions a
        where a.link_id = l.id and (a.finished_at is null or a.finished_at >= $1))
order by l.deleted_at, l.id
limit $2
