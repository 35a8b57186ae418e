-- What may have been prompted and is not running is due at $1, no prompt counted as sent. A retry without a prompt waits
-- for its own time.
update actions set due_at = min(due_at, $1), dispatches = 0
where finished_at is null and (state = 'SCHEDULED' or (state = 'RETRY' and dispatches > 0))
