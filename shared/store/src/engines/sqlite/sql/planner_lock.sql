-- One planner at a time: the one writer is alone anyway.
select json_quote(id) from installation
