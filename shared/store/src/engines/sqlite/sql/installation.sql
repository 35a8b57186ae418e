-- This deployment's id, made by the first migration.
select json_quote(id) from installation
