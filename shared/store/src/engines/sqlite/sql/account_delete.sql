delete from accounts where id = $1
