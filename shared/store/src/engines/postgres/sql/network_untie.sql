-- The tombstones' ties to a network that is about to go: they keep nothing.
delete from link_networks n using links l
where n.network_id = $1::uuid and l.id = n.link_id and l.status = 'DELETED'
