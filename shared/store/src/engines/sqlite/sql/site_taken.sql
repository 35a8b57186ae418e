-- Ids of the rows that stand where this one ($1, as an array) would: under its id or under what is unique of it.
select json_quote(t.id)
from sites t, json_each($1) r
where t.id = r.value ->> 'id'
    or t.name = r.value ->> 'name'
order by t.id
