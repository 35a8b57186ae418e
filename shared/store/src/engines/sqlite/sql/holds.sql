-- All holds, the oldest first.
select row from holds_json
order by since, kind, id
