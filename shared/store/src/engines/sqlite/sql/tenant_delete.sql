delete from tenants where id = $1
