-- Sessions whose lease ended before $1 and that no account names.
delete from sessions s
where s.lease_until < $1::bigint
    and not exists (select from accounts a where a.session_id = s.id or a.former_session_id = s.id)
