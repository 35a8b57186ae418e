-- How many links of an account are not tombstones.
select count(*)::text from links where live_account_id = $1::uuid
