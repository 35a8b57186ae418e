-- All mappings of these (WIM, site) pairs.
select to_json(t)::text from port_mappings t
where (t.wim_id, t.site_id) in (
    select (pair ->> 0)::uuid, (pair ->> 1)::uuid from jsonb_array_elements($1::jsonb) as pairs (pair))
order by t.id
