-- Everything that planning needs, in one statement and so in one snapshot.
select json_build_object(
    'version', (select version from catalogue_version),
    'tenants', (select coalesce(json_agg(t order by t.id), '[]') from tenants t),
    'sites', (select coalesce(json_agg(t order by t.id), '[]') from sites t),
    'wims', (select coalesce(json_agg(t order by t.id), '[]') from wims t),
    'accounts', (select coalesce(json_agg(t order by t.id), '[]') from accounts t),
    'port_mappings', (select coalesce(json_agg(t order by t.id), '[]') from port_mappings t),
    'holds', (select coalesce(json_agg(t order by t.since, t.kind, t.id), '[]') from holds t)
)::text
