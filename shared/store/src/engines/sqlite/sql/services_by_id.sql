-- Network services by id, without locks, in id order; unknown ids are omitted.
select row from services_json
where id in (select value from json_each($1))
order by id
