-- Up to $2 unfinished actions that are due at $1, with their links, the longest due first. What another conductor holds,
-- it is working on.
select json_build_object('link', l, 'action', a)::text
from actions a
join links l on l.id = a.link_id
where a.finished_at is null and a.due_at <= $1::bigint
order by a.due_at, a.id
limit $2::bigint
for no key update of l, a skip locked
