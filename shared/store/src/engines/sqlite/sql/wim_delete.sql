delete from wims where id = $1
