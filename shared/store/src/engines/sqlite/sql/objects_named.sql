-- By exact name.
select row from objects where kind = $1 and name = $2 order by id
