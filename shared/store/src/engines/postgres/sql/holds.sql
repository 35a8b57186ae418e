-- All holds, the oldest first.
select to_json(t)::text from holds t
order by t.since, t.kind, t.id
