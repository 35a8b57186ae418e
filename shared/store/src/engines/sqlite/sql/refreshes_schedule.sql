-- When these links are observed next ($2), and when they were last seen ($3, where given). Locked in id order first.
update links set refresh_due_at = $2, last_seen_at = coalesce($3, last_seen_at)
where id in (select value from json_each($1))
