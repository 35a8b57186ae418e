update parked set replayed_at = $2 where id = $1
