-- Of the $2 published events that were written first, those that were published before $1. Never more than these are
-- looked at: what was written later was published later, as near as matters here.
delete from outbox where position in (
    select f.position from (
        select position, published_at from outbox
        where published_at is not null
        order by position
        limit $2::bigint
        for update skip locked) f
    where f.published_at < $1::bigint)
