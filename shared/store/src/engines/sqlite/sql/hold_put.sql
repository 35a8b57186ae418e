-- A hold; one that is there already stays as it is.
insert into holds (kind, id, reason, since)
select value ->> 'kind', value ->> 'id', value ->> 'reason', value ->> 'since'
from json_each($1)
where true
on conflict do nothing
