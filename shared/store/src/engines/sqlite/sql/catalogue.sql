-- Everything that planning needs, in one statement and so in one snapshot.
select json_object(
    'version', (select version from catalogue_version),
    'tenants', (select json_group_array(json(row) order by id) from tenants_json),
    'sites', (select json_group_array(json(row) order by id) from sites_json),
    'wims', (select json_group_array(json(row) order by id) from wims_json),
    'accounts', (select json_group_array(json(row) order by id) from accounts_json),
    'port_mappings', (select json_group_array(json(row) order by id) from port_mappings_json),
    'holds', (select json_group_array(json(row) order by since, kind, id) from holds_json)
)
