-- A page in the order (created_at, id) behind the last row of the page before. A filter that is null lets all pass.
select to_json(t)::text from actions t
where ($1::text is null or t.tenant_id = $1::uuid)
    and ($2::text is null or t.request_id = $2::uuid)
    and ($3::text is null or t.link_id = $3::uuid)
    and ($4::text is null or t.account_id = $4::uuid)
    and ($5::text is null or t.state = $5::text)
    and ($6::bigint is null or (t.created_at, t.id) > ($6::bigint, $7::uuid))
order by t.created_at, t.id
limit $8::bigint
