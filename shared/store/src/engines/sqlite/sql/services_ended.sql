-- Which of these network services are to be deleted and have no link left but tombstones.
select json_quote(t.id) from services t
where t.id in (select value from json_each($1)) and t.phase = 'DELETING'
    and not exists (select 1 from links l where l.network_service_id = t.id and l.status <> 'DELETED')
order by t.id
