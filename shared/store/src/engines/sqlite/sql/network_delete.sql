delete from networks where id = $1
