-- What a session holds, and what it formerly held and has not released.
select row from accounts_json
where session_id = $1 or former_session_id = $1
order by id
