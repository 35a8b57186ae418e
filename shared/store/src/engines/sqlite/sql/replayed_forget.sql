-- Up to $2 parked messages that were sent again before $1.
delete from parked where id in (
    select id from parked where replayed_at < $1 order by replayed_at limit $2)
