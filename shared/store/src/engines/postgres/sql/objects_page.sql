-- A page of one kind in the order (created_at, id) behind the last row of the page before.
select t.row::text from objects t
where t.kind = $1::text
    and ($2::bigint is null or (t.created_at, t.id) > ($2::bigint, $3::uuid))
order by t.created_at, t.id
limit $4::bigint
