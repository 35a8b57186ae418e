-- Up to $2 parked messages that were sent again before $1.
delete from parked where id in (
    select id from parked
    where replayed_at < $1::bigint
    order by replayed_at
    limit $2::bigint
    for update skip locked)
