-- A page in the order (created_at, id) behind the last row of the page before. A filter that is null lets all pass.
-- Tombstones only where asked for ($5).
select to_json(t)::text from links t
where ($1::text is null or t.tenant_id = $1::uuid)
    and ($2::text is null or t.account_id = $2::uuid)
    and ($3::text is null or t.name = $3::text)
    and ($4::text is null or t.status = $4::text)
    and ($5::bigint = 1 or t.status <> 'DELETED')
    and ($6::bigint is null or (t.created_at, t.id) > ($6::bigint, $7::uuid))
order by t.created_at, t.id
limit $8::bigint
