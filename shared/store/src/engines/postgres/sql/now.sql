-- The clock at this call in microseconds, not at the transaction's start: leases are measured after the locks.
select (extract(epoch from clock_timestamp()) * 1000000)::bigint::text
