-- A page in the order (created_at, id) behind the last row of the page before. A filter that is null lets all pass.
select to_json(t)::text from networks t
where ($1::text is null or t.tenant_id = $1::uuid)
    and ($2::text is null or t.site_id = $2::uuid)
    and ($3::text is null or t.name = $3::text)
    and ($4::bigint is null or (t.created_at, t.id) > ($4::bigint, $5::uuid))
order by t.created_at, t.id
limit $6::bigint
