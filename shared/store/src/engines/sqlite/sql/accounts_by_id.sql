-- Accounts by id, in id order; unknown ids are omitted. The one writer has the whole database, so they stay as they are.
select row from accounts_json
where id in (select value from json_each($1))
order by id
