-- The newest migration that was applied whole.
select coalesce(max(version), 0)::text from _sqlx_migrations where success
