-- The next events to publish, in the order they were written. By what is unpublished, never by a remembered position: a
-- transaction may commit later than one that took a higher position.
select row from outbox_json
where published_at is null
order by position
limit $1
