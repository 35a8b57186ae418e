-- An action's earlier attempts, oldest first.
select row from attempts_json
where action_id = $1
order by attempt
