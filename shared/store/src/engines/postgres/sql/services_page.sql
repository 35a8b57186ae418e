-- A page in the order (created_at, id) behind the last row of the page before. A filter that is null lets all pass.
select to_json(t)::text from services t
where ($1::text is null or t.tenant_id = $1::uuid)
    and ($2::text is null or t.name = $2::text)
    and ($3::bigint is null or (t.created_at, t.id) > ($3::bigint, $4::uuid))
order by t.created_at, t.id
limit $5::bigint
