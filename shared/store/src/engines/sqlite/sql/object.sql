-- One object of any kind, as {kind, object}.
select row from objects where kind = $1 and id = $2
