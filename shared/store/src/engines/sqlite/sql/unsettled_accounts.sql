-- Accounts whose making or deletion somebody began.
select json_quote(id) from accounts where phase <> 'READY' order by id
