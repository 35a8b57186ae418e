//! The suite on RabbitMQ and PostgreSQL, with two processes of each role, and what only such a system can show.

wanlink_e2e::suite!(wanlink_e2e::Profile::Real);

wanlink_e2e::tests! { wanlink_e2e::Profile::Real;
    parked::poisonous_messages_are_parked_and_their_queues_go_on,
    away::a_broker_that_is_away_refuses_work_and_loses_none,
    away::a_broker_that_is_silent_leaves_the_outcome_unknown,
    away::a_database_that_is_away_refuses_work_and_loses_none,
    away::without_conductors_work_is_accepted_and_done_when_they_return,
}
