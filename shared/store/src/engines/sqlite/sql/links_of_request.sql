-- The links with unfinished actions of a request.
select json_quote(link_id) from actions
where request_id = $1 and finished_at is null
group by link_id
order by link_id
