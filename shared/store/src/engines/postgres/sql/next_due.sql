-- When the next unfinished action is due; JSON null if there is none.
select coalesce(min(due_at)::text, 'null') from actions where finished_at is null
