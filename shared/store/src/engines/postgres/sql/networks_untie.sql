-- The tombstones' ties to networks that are about to go: they keep nothing.
delete from link_networks n using links l
where n.network_id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb))) and l.id = n.link_id and l.status = 'DELETED'
