-- A page in the order (parked_at, id) behind the last row of the page before.
select to_json(t)::text from parked t
where ($1::bigint is null or (t.parked_at, t.id) > ($1::bigint, $2::uuid))
order by t.parked_at, t.id
limit $3::bigint
