-- Those of these tenants that are there; the one writer has the whole database, so they stay.
select json_quote(id) from tenants
where id in (select value from json_each($1))
order by id
