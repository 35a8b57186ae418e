-- The links with unfinished actions of a request.
select to_json(link_id)::text from actions
where request_id = $1::uuid and finished_at is null
group by link_id
order by link_id
