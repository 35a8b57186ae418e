-- A page in the order (created_at, id) behind the last row of the page before. A filter that is null lets all pass.
select t.row from services_json t
where ($1 is null or t.tenant_id = $1)
    and ($2 is null or t.name = $2)
    and ($3 is null or (t.created_at, t.id) > ($3, $4))
order by t.created_at, t.id
limit $5
