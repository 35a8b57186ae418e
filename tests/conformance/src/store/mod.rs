//! One suite for every database engine: cases that know the port and nothing else.
//!
//! A [`Harness`] is one database of an engine, empty at first; [`CASES`] runs unchanged on each engine, every case on a
//! database of its own. What only one engine can show (query plans, a role's privileges) is tested beside, in that
//! engine's test binary. Deliberately absent: time limits of the engines, and what happens when a server dies.

mod actions;
mod atomicity;
mod catalogue;
mod due;
pub mod faulty;
mod keep;
mod leases;
mod links;
mod listings;
mod locks;
pub mod memory;
mod objects;
mod outbox;
pub mod postgres;
mod reading;
mod references;
mod requests;
pub mod rows;
mod schema;
mod services;
pub mod sqlite;
mod values;

use futures::future::{BoxFuture, LocalBoxFuture};
use std::fmt::{Debug, Display};
use std::sync::Arc;
use std::time::Duration;
use wanlink_store::port::{ReadStore, Store, Transaction};

/// What was seen instead of what was expected.
#[derive(Debug)]
pub struct Failure(pub String);

impl<E: Display> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// A case's end.
pub type Outcome = Result<(), Failure>;

/// One case, given a bench of its own.
pub type Case = fn(Bench) -> LocalBoxFuture<'static, Outcome>;

/// One database of one engine. Each call opens it as another process would.
pub trait Harness: Send + Sync {
    fn store(&self) -> Arc<dyn Store>;
    fn read(&self) -> Arc<dyn ReadStore>;
    /// Removes the database, after the case.
    fn clean(&self) -> BoxFuture<'_, ()>;
}

/// How long what must happen may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long what must not happen is watched for.
const QUIET: Duration = Duration::from_millis(200);

/// What a case works with.
#[derive(Clone)]
pub struct Bench {
    harness: Arc<dyn Harness>,
}

impl Bench {
    pub fn new(harness: Arc<dyn Harness>) -> Self {
        Self { harness }
    }

    /// Runs one case and cleans up behind it.
    pub async fn run(self, case: Case) -> Outcome {
        let harness = self.harness.clone();
        let outcome = case(self).await;
        harness.clean().await;
        outcome
    }

    /// The database with its schema, opened by one process.
    async fn open(&self) -> Result<Opened, Failure> {
        let store = self.harness.store();
        store.migrate().await?;
        Ok(Opened { store, read: self.harness.read() })
    }

    /// The same with the catalogue of [`rows::world`].
    async fn world(&self) -> Result<Opened, Failure> {
        let opened = self.open().await?;
        let mut tx = opened.begin().await?;
        for object in rows::world() {
            let inserted = tx.insert_object(&object).await?;
            equal("world", inserted, wanlink_store::port::Inserted::Applied)?;
        }
        tx.put_session(&rows::session(1)).await?;
        tx.commit().await?;
        Ok(opened)
    }

    /// The same with links, and for each an action of request 1 that is scheduled and due at `rows::at(0)`.
    async fn with_links(&self, count: u32) -> Result<Opened, Failure> {
        let opened = self.world().await?;
        let numbers: Vec<u32> = (1..=count).collect();
        let mut tx = opened.begin().await?;
        tx.insert_requests(&[rows::request(1, i32::try_from(count)?)]).await?;
        tx.insert_links(&numbers.iter().map(|n| rows::link(*n)).collect::<Vec<_>>()).await?;
        tx.insert_actions(&numbers.iter().map(|n| rows::action(*n, *n)).collect::<Vec<_>>()).await?;
        tx.commit().await?;
        Ok(opened)
    }
}

/// One process's hold on the database.
struct Opened {
    store: Arc<dyn Store>,
    read: Arc<dyn ReadStore>,
}

impl Opened {
    async fn begin(&self) -> Result<Box<dyn Transaction>, Failure> {
        Ok(self.store.begin().await?)
    }
}

/// Fails the case unless `holds`.
fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(Failure(otherwise())) }
}

fn equal<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Outcome {
    ensure(found == expected, || format!("{what}: {found:?} instead of {expected:?}"))
}

/// The error of what must fail, judged by `fits`.
fn fails<T: Debug, E: Debug>(what: &str, result: Result<T, E>, fits: impl FnOnce(&E) -> bool) -> Outcome {
    match result {
        Err(error) if fits(&error) => Ok(()),
        other => Err(Failure(format!("{what}: {other:?}"))),
    }
}

/// Fails the case if `call` ends while it should be waiting for another transaction.
async fn waits<F: Future + Unpin>(what: &str, call: &mut F) -> Outcome {
    let ended = tokio::time::timeout(QUIET, call).await.is_ok();
    ensure(!ended, || format!("{what} did not wait"))
}

/// Waits for what must end.
async fn ends<T>(what: &str, call: impl Future<Output = T>) -> Result<T, Failure> {
    tokio::time::timeout(PATIENCE, call).await.map_err(|_| Failure(format!("{what} never ended")))
}

/// Makes the table of cases, and a macro that makes one test of each in a test binary:
/// `store_case_tests!(run, tokio::test)`, where `run` takes a case's name.
macro_rules! cases {
    ($d:tt $($module:ident::$name:ident,)+) => {
        /// Every case by its name.
        pub const CASES: &[(&str, Case)] =
            &[$((stringify!($name), |bench| Box::pin($module::$name(bench)))),+];

        /// One test per case of the store suite.
        #[macro_export]
        macro_rules! store_case_tests {
            ($d run:path, $d ($d attribute:tt)*) => {
                $(
                    #[$d ($d attribute)*]
                    async fn $name() {
                        $d run(stringify!($name)).await;
                    }
                )+
            };
        }
    };
}

cases! { $
    schema::an_empty_database_is_told_with_both_versions,
    schema::migrating_twice_is_once,
    schema::two_processes_that_migrate_at_once_both_succeed,
    schema::a_closed_store_is_unavailable,
    schema::reader_and_writer_name_the_same_engine,
    objects::an_object_of_every_kind_is_read_as_it_was_written,
    objects::a_taken_name_is_told_with_its_owner,
    objects::a_taken_pair_is_told_with_its_owner,
    objects::names_differ_by_case,
    objects::names_of_networks_are_unique_within_their_tenant_only,
    objects::inserting_an_object_again_finds_itself,
    objects::a_missing_reference_is_named,
    objects::an_update_of_the_expected_version_writes_every_column,
    objects::an_update_of_another_version_changes_nothing,
    objects::an_update_of_an_absent_object_finds_it_gone,
    objects::an_update_to_a_taken_name_finds_its_owner,
    objects::an_edit_of_an_account_leaves_lease_status_and_events_alone,
    objects::each_bump_is_a_new_version_of_the_catalogue,
    objects::a_command_is_kept_with_its_answer,
    objects::a_command_recorded_twice_is_a_conflict,
    objects::two_that_take_the_same_name_at_once_do_not_both_get_it,
    references::a_deletion_is_refused_while_others_refer,
    references::a_site_is_kept_by_mappings_and_by_ends_of_links,
    references::what_nothing_refers_to_is_deleted,
    references::deleting_a_wim_takes_its_port_mappings_along,
    references::tombstones_keep_neither_network_nor_account,
    references::a_link_moved_to_another_network_keeps_that_one,
    catalogue::replaced_port_mappings_are_exactly_the_new_ones,
    catalogue::port_mappings_that_meet_are_refused_and_the_old_ones_stay,
    catalogue::replacing_the_mappings_of_one_wim_leaves_the_others,
    catalogue::port_mappings_are_found_by_pairs_of_wim_and_site,
    catalogue::the_catalogue_is_read_whole_in_id_order,
    catalogue::an_empty_catalogue_is_read_as_empty,
    catalogue::rows_by_id_come_in_id_order_without_unknown_ones,
    catalogue::the_installation_has_one_id_for_ever,
    catalogue::the_clock_goes_on_within_a_transaction,
    links::a_link_is_read_as_it_was_written,
    links::links_that_are_there_already_are_left_alone,
    links::updating_links_writes_every_column,
    links::locked_links_come_in_id_order_without_unknown_ones,
    links::a_live_link_needs_its_account,
    links::a_link_needs_its_networks,
    links::links_of_an_account_are_counted_without_tombstones,
    links::a_link_without_bandwidth_is_refused,
    actions::an_action_is_read_as_it_was_written,
    actions::updating_actions_writes_every_column,
    actions::unfinished_actions_are_those_of_these_links,
    actions::an_unfinished_action_without_a_due_time_is_refused,
    actions::an_action_is_finished_exactly_when_its_state_is,
    actions::what_runs_runs_under_an_epoch,
    actions::negative_counts_are_refused,
    actions::an_action_needs_its_link_and_its_request,
    actions::inserting_an_action_again_is_refused,
    actions::the_last_failed_action_is_the_latest_in_accepted_order,
    actions::attempts_are_read_oldest_first,
    requests::requests_that_are_there_already_are_left_alone,
    requests::counters_add_up_and_the_last_one_ends_the_request,
    requests::deltas_of_one_request_in_one_batch_are_summed,
    requests::counters_above_the_total_are_refused,
    requests::a_request_ends_once_however_many_end_it_at_once,
    requests::links_of_a_request_are_those_with_unfinished_actions,
    requests::a_refused_request_is_finished_from_the_start,
    services::a_service_is_read_as_it_was_written,
    services::what_is_a_service_s_is_read_with_it,
    services::a_service_keeps_its_networks_and_its_tenant,
    services::a_deleted_service_goes_with_its_last_link,
    services::a_network_that_another_link_needs_outlives_its_service,
    services::a_network_that_left_goes_when_nothing_can_bring_it_back,
    due::due_actions_come_longest_due_first_up_to_the_limit,
    due::what_is_finished_or_not_yet_due_is_left,
    due::two_conductors_never_take_the_same_due_action,
    due::the_next_due_time_is_the_earliest_of_the_unfinished,
    due::what_waits_is_counted_with_its_age,
    due::actions_of_an_account_are_made_due_with_their_prompts_counted,
    due::scheduled_actions_of_all_accounts_are_made_due,
    due::actions_that_need_a_network_are_made_due,
    due::due_refreshes_are_of_held_ready_accounts_without_work,
    due::refreshes_are_scheduled_and_last_seen_is_kept,
    keep::holds_are_laid_once_and_lifted,
    keep::what_is_let_go_gets_its_time_back,
    keep::prompts_are_forgotten_but_not_a_retrys_own_time,
    keep::old_events_go_when_they_were_published,
    keep::old_answers_and_replayed_messages_go,
    keep::old_requests_go_whole_but_for_what_a_living_link_rests_on,
    keep::old_tombstones_go_with_their_actions,
    listings::due_listings_are_of_held_ready_accounts,
    listings::two_conductors_never_take_the_same_due_listing,
    listings::settled_links_of_an_account_come_in_pages_without_those_at_work,
    listings::a_link_that_rested_was_seen_when_its_account_was_listed,
    leases::updating_accounts_writes_lease_status_and_events_alone,
    leases::an_account_is_held_only_by_a_known_session,
    leases::accounts_of_a_session_are_held_or_formerly_held,
    leases::unsettled_accounts_are_being_made_or_deleted,
    leases::leasable_accounts_are_ready_and_tell_their_connector,
    leases::a_session_is_put_and_renewed,
    leases::sessions_are_forgotten_when_their_lease_ended_and_no_account_names_them,
    leases::one_conductor_plans_at_a_time,
    outbox::events_come_in_the_order_they_were_written,
    outbox::published_events_do_not_come_again,
    outbox::events_come_again_when_their_relay_did_not_finish,
    outbox::two_relays_never_take_the_same_event,
    outbox::an_event_keeps_any_data,
    outbox::a_message_parked_again_is_counted_up,
    outbox::a_parked_message_is_marked_replayed,
    locks::a_locked_link_is_waited_for_and_then_seen_as_changed,
    locks::unfinished_actions_are_waited_for,
    locks::locked_accounts_are_waited_for,
    locks::a_locked_object_is_waited_for,
    locks::a_locked_session_is_waited_for,
    locks::counting_the_same_request_is_waited_for,
    locks::no_update_is_lost,
    locks::batches_in_opposite_order_do_not_wait_in_a_circle,
    locks::readers_do_not_wait_for_a_writer,
    locks::a_dropped_transaction_lets_go,
    locks::accounts_that_were_read_stay_as_they_are,
    atomicity::a_dropped_transaction_leaves_nothing,
    atomicity::what_is_not_committed_is_not_seen,
    atomicity::a_failed_operation_takes_its_whole_transaction_along,
    atomicity::a_batch_with_one_bad_row_writes_none,
    atomicity::an_end_its_counter_and_its_event_come_together,
    atomicity::an_empty_batch_is_nothing,
    reading::pages_join_without_gap_or_repeat,
    reading::a_page_is_not_moved_by_what_comes_before_it,
    reading::a_full_last_page_has_no_more,
    reading::links_are_filtered,
    reading::actions_are_filtered,
    reading::networks_are_filtered,
    reading::requests_are_filtered_by_tenant,
    reading::objects_of_each_kind_are_listed_in_pages,
    reading::accounts_are_found_by_a_name_that_several_have,
    reading::parked_messages_are_listed_in_pages,
    reading::what_is_unknown_is_none,
    values::any_text_survives,
    values::texts_that_look_like_other_values_stay_texts,
    values::the_character_nul_is_refused,
    values::far_times_and_large_numbers_survive,
    values::places_survive_to_the_last_bit,
    values::a_megabyte_of_json_survives,
    values::what_is_absent_is_not_json_null,
    values::a_batch_of_many_rows_is_written_whole,
}

/// The case of this name.
pub fn case(name: &str) -> Option<Case> {
    CASES.iter().find(|(known, _)| *known == name).map(|(_, case)| *case)
}
