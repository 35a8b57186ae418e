-- How many links of an account are not tombstones.
select cast(count(*) as text) from links where live_account_id = $1
