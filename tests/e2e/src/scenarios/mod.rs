//! The scenarios, and the one list of them that both profiles run.

pub mod accounts;
pub mod away;
pub mod bench;
pub mod controllers;
pub mod cut_off;
pub mod demo;
pub mod holds;
pub mod idempotency;
pub mod input;
pub mod leases;
pub mod lifecycle;
pub mod lists;
pub mod networks;
pub mod parked;
pub mod services;
pub mod stopping;
pub mod supersede;
pub mod telemetry;
pub mod tls;
pub mod topology;

/// Makes one test of every scenario that both profiles run, on `$profile`.
#[macro_export]
macro_rules! suite {
    ($profile:expr) => {
        $crate::tests! { $profile;
            lifecycle::a_link_is_made_read_back_edited_and_deleted,
            lifecycle::a_link_that_the_controller_refused_is_retried,
            lifecycle::many_links_of_one_request_are_taken_whole_or_not_at_all,
            supersede::a_link_deleted_before_any_worker_ran_reaches_no_controller,
            supersede::a_link_deleted_while_its_networks_build_reaches_no_controller,
            supersede::a_link_deleted_while_it_is_made_is_gone,
            networks::a_building_network_holds_its_link_until_it_is_there,
            networks::a_network_in_error_fails_its_link_by_name,
            networks::a_request_that_waits_is_cancelled,
            idempotency::a_key_stands_for_one_call,
            idempotency::a_key_outlives_the_api,
            input::bad_input_is_refused_and_changes_nothing,
            controllers::answers_that_cannot_be_read_are_looked_at_again,
            controllers::answers_that_never_come_are_looked_at_again,
            controllers::a_refusal_is_kept_as_it_was_said,
            controllers::a_controller_that_fails_for_good_fails_the_link,
            controllers::refused_credentials_hold_the_work_until_they_are_right,
            leases::a_worker_frozen_beyond_its_lease_changes_nothing,
            accounts::an_account_is_edited_while_its_links_are_made,
            accounts::an_account_goes_after_its_links,
            services::three_sites_become_an_elan_and_go_links_first,
            services::sites_join_and_leave_under_the_same_service,
            services::a_network_holds_and_fails_its_own_link_alone,
            services::a_service_is_taken_whole_or_not_at_all,
            services::a_service_outlives_its_processes,
            tls::a_link_comes_and_goes_over_mutual_tls_alone,
            holds::a_paused_account_accepts_and_does_not_run,
            holds::a_paused_wim_accepts_and_does_not_run,
            holds::a_frozen_system_refuses_and_starts_nothing,
            stopping::a_stop_under_load_loses_nothing_and_ends_in_time,
            stopping::a_second_signal_ends_at_once,
            lists::a_whole_account_is_observed_by_one_list,
            topology::a_topology_is_imported_once,
            telemetry::a_request_is_followed_to_its_controller,
            telemetry::figures_move_as_they_must,
            telemetry::a_thousand_links_make_no_new_series,
            cut_off::five_hundred_links_outlive_every_process_and_server,
        }
    };
}

/// Makes tests of scenarios: `MODULE::SCENARIO` is a function there, its [`Setup`](crate::Setup) the constant of
/// the same module, or the usual one.
#[macro_export]
macro_rules! tests {
    ($profile:expr; $($module:ident::$scenario:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $scenario() {
                use $crate::scenarios::$module as module;
                $crate::system::run($profile, module::setup(stringify!($scenario)), module::$scenario).await;
            }
        )+
    };
}
