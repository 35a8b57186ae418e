-- The tombstones' ties to a network that is about to go: they keep nothing.
delete from link_networks
where network_id = $1 and link_id in (select id from links where status = 'DELETED')
