-- The stored answer of a catalogue command, with the digest of its body.
select json_build_array(digest, answer)::text from commands where id = $1::uuid
