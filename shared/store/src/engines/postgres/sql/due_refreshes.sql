-- Up to $2 links that are due to be observed at $1 and can be: somebody holds their ready account, and no action is at work
-- on them (its end sets the next refresh).
select to_json(l)::text
from links l
join accounts a on a.id = l.account_id
where l.refresh_due_at <= $1::bigint
    and a.phase = 'READY' and a.session_id is not null
    and not exists (select from actions x where x.link_id = l.id and x.finished_at is null)
order by l.refresh_due_at, l.id
limit $2::bigint
for no key update of l skip locked
