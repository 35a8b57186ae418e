-- The tombstones' ties to networks that are about to go: they keep nothing.
delete from link_networks
where network_id in (select value from json_each($1)) and link_id in (select id from links where status = 'DELETED')
