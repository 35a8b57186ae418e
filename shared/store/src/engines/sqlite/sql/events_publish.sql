-- What the broker has confirmed.
update outbox set published_at = $2
where id in (select value from json_each($1))
