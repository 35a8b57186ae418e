-- Up to $3 links of account $1 behind $2 in id order that something was ever begun for and no action is at work on.
-- A subquery for each row, and no join: one that reads all actions of the account would sort all its links for each page.
select to_json(t)::text from links t
where t.live_account_id = $1::uuid and t.touched
    and ($2::text is null or t.id > $2::uuid)
    and (select x.id from actions x where x.link_id = t.id and x.finished_at is null limit 1) is null
order by t.id
limit $3::bigint
