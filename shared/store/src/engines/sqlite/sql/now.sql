-- The clock at this call in microseconds, not at the transaction's start: leases are measured after the locks.
select cast(cast(unixepoch('subsec') * 1000000 as integer) as text)
