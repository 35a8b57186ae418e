select row from parked_json where id = $1
