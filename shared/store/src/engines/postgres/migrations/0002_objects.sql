-- Catalogue objects of all kinds, for what treats them alike.
create view objects as
select 'tenant' as kind, id, name as name, created_at, json_build_object('kind', 'tenant', 'object', t) as row
from tenants t
union all
select 'site' as kind, id, name as name, created_at, json_build_object('kind', 'site', 'object', t) as row
from sites t
union all
select 'wim' as kind, id, name as name, created_at, json_build_object('kind', 'wim', 'object', t) as row
from wims t
union all
select 'account' as kind, id, name as name, created_at, json_build_object('kind', 'account', 'object', t) as row
from accounts t
union all
select 'port_mapping' as kind, id, null::text as name, created_at, json_build_object('kind', 'port_mapping', 'object', t) as row
from port_mappings t
union all
select 'network' as kind, id, name as name, created_at, json_build_object('kind', 'network', 'object', t) as row
from networks t;
