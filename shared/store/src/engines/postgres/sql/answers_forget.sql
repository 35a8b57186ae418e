-- Up to $2 answers of commands that were given before $1.
delete from commands where id in (
    select id from commands
    where answered_at < $1::bigint
    order by answered_at
    limit $2::bigint
    for update skip locked)
