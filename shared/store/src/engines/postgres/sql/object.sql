-- One object of any kind, as {kind, object}.
select row::text from objects where kind = $1::text and id = $2::uuid
