update parked set replayed_at = $2::bigint where id = $1::uuid
