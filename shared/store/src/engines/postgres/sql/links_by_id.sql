-- Links by id, without locks, in id order; unknown ids are omitted.
-- `last_seen_at`: also by its account's list, if the link rested when that was asked for and rests still.
select (to_jsonb(t) || jsonb_build_object('last_seen_at', greatest(t.last_seen_at, (
    select a.listed_at from accounts a
    where a.id = t.live_account_id and t.touched and a.listed_at >= t.modified_at
        and not exists (select from actions x where x.link_id = t.id and x.finished_at is null)))))::text
from links t
where t.id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb)))
order by t.id
