-- Lets the role of the setting wanlink.read_role read everything of this schema and do nothing else: for the api's
-- connection. The role is the operator's (`create role ... login password ...`); what it was granted here before goes.
do $$
declare
    reader text := current_setting('wanlink.read_role');
    home text := current_schema();
begin
    if not exists (select from pg_roles where rolname = reader) then
        raise exception 'role "%" does not exist: create it, or clear database.options.read_role', reader
            using errcode = 'undefined_object';
    end if;
    execute format('revoke all on all tables in schema %I from %I', home, reader);
    execute format('revoke all on all sequences in schema %I from %I', home, reader);
    execute format('revoke create on schema %I from %I', home, reader);
    execute format('grant usage on schema %I to %I', home, reader);
    execute format('grant select on all tables in schema %I to %I', home, reader);
    -- Tables of later migrations, too.
    execute format('alter default privileges in schema %I grant select on tables to %I', home, reader);
end
$$
