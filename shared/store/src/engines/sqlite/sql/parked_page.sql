-- A page in the order (parked_at, id) behind the last row of the page before.
select t.row from parked_json t
where ($1 is null or (t.parked_at, t.id) > ($1, $2))
order by t.parked_at, t.id
limit $3
