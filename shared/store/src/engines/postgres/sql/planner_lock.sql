-- One planner at a time: a row that nobody else locks, so that no number must be agreed on, and a pooler in between
-- does no harm. No row answered: another conductor is planning.
select to_json(id)::text from installation for no key update skip locked
