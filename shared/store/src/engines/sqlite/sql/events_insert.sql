-- Events, in the order of the array: `position` is given row by row as they are inserted.
insert into outbox (
    id, tenant_id, subject, sequence, type, at, data)
select
    value ->> 'id', value ->> 'tenant_id', value ->> 'subject', value ->> 'sequence',
    value ->> 'type', value ->> 'at', value -> 'data'
from json_each($1)
order by key
