-- When the next unfinished action is due; JSON null if there is none.
select coalesce(cast(min(due_at) as text), 'null') from actions where finished_at is null
