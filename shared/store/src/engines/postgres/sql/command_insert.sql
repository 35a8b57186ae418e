-- A command's answer. Of two conductors that did the same command, the second inserts nothing and must begin again.
insert into commands (id, digest, answer) values ($1::uuid, $2::text, $3::jsonb)
on conflict (id) do nothing
