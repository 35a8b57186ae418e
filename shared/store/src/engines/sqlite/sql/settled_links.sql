-- Up to $3 links of account $1 behind $2 in id order that something was ever begun for and no action is at work on.
select t.row from links_json t
where t.live_account_id = $1 and t.touched
    and ($2 is null or t.id > $2)
    and not exists (select 1 from actions x where x.link_id = t.id and x.finished_at is null)
order by t.id
limit $3
