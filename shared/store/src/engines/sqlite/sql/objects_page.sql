-- A page of one kind in the order (created_at, id) behind the last row of the page before.
select t.row from objects t
where t.kind = $1
    and ($2 is null or (t.created_at, t.id) > ($2, $3))
order by t.created_at, t.id
limit $4
