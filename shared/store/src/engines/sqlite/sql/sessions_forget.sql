-- Sessions whose lease ended before $1 and that no account names.
delete from sessions
where lease_until < $1
    and not exists (
        select 1 from accounts a where a.session_id = sessions.id or a.former_session_id = sessions.id)
