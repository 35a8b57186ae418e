-- This deployment's id, made by the first migration.
select to_json(id)::text from installation
