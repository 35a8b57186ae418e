-- Whether any migration was ever applied here.
select iif(exists (select 1 from sqlite_master where type = 'table' and name = '_sqlx_migrations'), 'true', 'false')
