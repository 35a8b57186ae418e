-- A page in the order (created_at, id) behind the last row of the page before. A filter that is null lets all pass.
-- Tombstones only where asked for ($5).
-- `last_seen_at`: also by its account's list, if the link rested when that was asked for and rests still.
select (to_jsonb(t) || jsonb_build_object('last_seen_at', greatest(t.last_seen_at, (
    select a.listed_at from accounts a
    where a.id = t.live_account_id and t.touched and a.listed_at >= t.modified_at
        and not exists (select from actions x where x.link_id = t.id and x.finished_at is null)))))::text
from links t
where ($1::text is null or t.tenant_id = $1::uuid)
    and ($2::text is null or t.account_id = $2::uuid)
    and ($3::text is null or t.name = $3::text)
    and ($4::text is null or t.status = $4::text)
    and ($5::bigint = 1 or t.status <> 'DELETED')
    and ($6::bigint is null or (t.created_at, t.id) > ($6::bigint, $7::uuid))
order by t.created_at, t.id
limit $8::bigint
