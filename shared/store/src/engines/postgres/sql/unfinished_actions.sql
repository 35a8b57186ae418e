-- The unfinished actions of these locked links, in id order.
select to_json(t)::text from actions t
where t.link_id = any (array(select value::uuid from jsonb_array_elements_text($1::jsonb))) and t.finished_at is null
order by t.id
for no key update
