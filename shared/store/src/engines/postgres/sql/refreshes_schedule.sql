-- When these links are observed next ($2), and when they were last seen ($3, where given). Locked in id order first.
with held as (
    select id from links where id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb))) order by id for no key update)
update links as t set refresh_due_at = $2::bigint, last_seen_at = coalesce($3::bigint, t.last_seen_at)
from held
where t.id = held.id
