-- By exact name.
select row::text from objects where kind = $1::text and name = $2::text order by id
