-- What the broker has confirmed.
update outbox set published_at = $2::bigint
where id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb)))
