-- What a service says of its networks: all but their status, which their sites tell, and what never changes.
update networks as t set
    virtual_link = r.value ->> 'virtual_link', vim_info = r.value -> 'vim_info',
    external_port = nullif(r.value -> 'external_port', 'null'), encapsulation = r.value -> 'encapsulation',
    leaving = r.value ->> 'leaving', version = t.version + 1, modified_at = r.value ->> 'modified_at'
from json_each($1) as r
where t.id = r.value ->> 'id' and t.network_service_id = r.value ->> 'network_service_id'
