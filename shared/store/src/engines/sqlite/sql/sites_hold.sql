-- Those of these sites that are there; the one writer has the whole database, so they stay.
select json_quote(id) from sites
where id in (select value from json_each($1))
order by id
