-- Up to $2 unfinished actions that are due at $1, with their links, the longest due first. What another conductor holds,
-- it is working on.
select json_object('link', json(l.row), 'action', json(a.row))
from actions_json a
join links_json l on l.id = a.link_id
where a.finished_at is null and a.due_at <= $1
order by a.due_at, a.id
limit $2
