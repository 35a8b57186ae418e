-- What a session holds, and what it formerly held and has not released.
select to_json(t)::text from accounts t
where t.session_id = $1::uuid or t.former_session_id = $1::uuid
order by t.id
