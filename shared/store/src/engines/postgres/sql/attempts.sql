-- An action's earlier attempts, oldest first.
select to_json(t)::text from attempts t
where t.action_id = $1::uuid
order by t.attempt
