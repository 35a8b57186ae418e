-- Links by id, without locks, in id order; unknown ids are omitted.
-- `last_seen_at`: also by its account's list, if the link rested when that was asked for and rests still.
select json_set(t.row, '$.last_seen_at', (
    select max(seen) from (
        select t.last_seen_at as seen
        union all
        select a.listed_at from accounts a
        where a.id = t.live_account_id and t.touched and a.listed_at >= t.modified_at
            and not exists (select 1 from actions x where x.link_id = t.id and x.finished_at is null))))
from links_json t
where id in (select value from json_each($1))
order by id
