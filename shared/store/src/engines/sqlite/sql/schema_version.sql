-- The newest migration that was applied whole.
select cast(coalesce(max(version), 0) as text) from _sqlx_migrations where success
