-- Networks by pairs of tenant and exact name, in id order; pairs that nothing has are omitted.
select row from networks_json
where (tenant_id, name) in (select value ->> 0, value ->> 1 from json_each($1))
order by id
