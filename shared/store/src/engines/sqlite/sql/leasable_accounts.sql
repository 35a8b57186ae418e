-- Ready accounts with their WIM's connector kind.
select json_array(json(a.row), w.type)
from accounts_json a
join wims w on w.id = a.wim_id
where a.phase = 'READY'
order by a.id
