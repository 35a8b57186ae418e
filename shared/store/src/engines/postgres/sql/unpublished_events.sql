-- The next events to publish, in the order they were written. By what is unpublished, never by a remembered position: a
-- transaction may commit later than one that took a higher position.
select to_json(t)::text from outbox t
where t.published_at is null
order by t.position
limit $1::bigint
for no key update skip locked
