-- A page in the order (created_at, id) behind the last row of the page before. A filter that is null lets all pass.
-- Tombstones only where asked for ($5).
-- `last_seen_at`: also by its account's list, if the link rested when that was asked for and rests still.
select json_set(t.row, '$.last_seen_at', (
    select max(seen) from (
        select t.last_seen_at as seen
        union all
        select a.listed_at from accounts a
        where a.id = t.live_account_id and t.touched and a.listed_at >= t.modified_at
            and not exists (select 1 from actions x where x.link_id = t.id and x.finished_at is null))))
from links_json t
where ($1 is null or t.tenant_id = $1)
    and ($2 is null or t.account_id = $2)
    and ($3 is null or t.name = $3)
    and ($4 is null or t.status = $4)
    and ($5 = 1 or t.status <> 'DELETED')
    and ($6 is null or (t.created_at, t.id) > ($6, $7))
order by t.created_at, t.id
limit $8
