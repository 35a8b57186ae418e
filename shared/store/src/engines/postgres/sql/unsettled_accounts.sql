-- Accounts whose making or deletion somebody began.
select to_json(id)::text from accounts where phase <> 'READY' order by id
