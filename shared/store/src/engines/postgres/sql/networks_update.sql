-- What a service says of its networks: all but their status, which their sites tell, and what never changes.
update networks as t set
    virtual_link = r.virtual_link, vim_info = r.vim_info, external_port = r.external_port,
    encapsulation = r.encapsulation, leaving = r.leaving, version = t.version + 1, modified_at = r.modified_at
from jsonb_populate_recordset(null::networks, $1::jsonb) r
where t.id = r.id and t.network_service_id = r.network_service_id
