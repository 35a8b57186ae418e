-- All mappings of these (WIM, site) pairs.
select row from port_mappings_json
where (wim_id, site_id) in (select value ->> 0, value ->> 1 from json_each($1))
order by id
