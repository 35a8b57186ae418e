-- Whom grant_read_only.sql is about: a DO block takes no parameters.
select set_config('wanlink.read_role', $1::text, false)
