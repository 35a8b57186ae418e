select row from sessions_json order by id
