-- Ready accounts with their WIM's connector kind.
select json_build_array(a, w.type)::text
from accounts a
join wims w on w.id = a.wim_id
where a.phase = 'READY'
order by a.id
