-- Up to $2 ready accounts that somebody holds and whose links are due to be observed at $1 all at once, the longest due
-- first.
select row from accounts_json
where refresh_due_at <= $1 and phase = 'READY' and session_id is not null
order by refresh_due_at, id
limit $2
