-- One session; the one writer has the whole database, so reading is locking.
select row from sessions_json
where id = $1
