-- One message that was set aside; the one writer has the whole database, so reading is locking.
select row from parked_json
where id = $1
