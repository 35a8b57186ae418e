-- The hold of this kind ($1) and id ($2).
delete from holds where kind = $1 and id = $2
