-- The stored answer of a catalogue command, with the digest of its body.
select json_array(digest, json(answer)) from commands where id = $1
