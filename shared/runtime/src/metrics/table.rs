//! The one table of metrics: what each is called, who has it, by what it is divided, and what it says.
//!
//! `deploy/docs/metrics.md` is compared with it. Units are seconds and bytes and stand in the name. Deliberately
//! absent: who sets a figure and when; each stands where its event happens.

use super::instruments::{Copied, Counts, Instrument as _, Levels, Sizes, Times};
use super::{Role, Row};
use prometheus_client::registry::Registry;

use Role::{Api, Conductor, Worker};

macro_rules! table {
    ($($(#[doc = $help:literal])+ $field:ident: $kind:ident [$($label:literal),*] $name:literal of $roles:expr;)+) => {
        /// Every figure. Those of other roles than a process's own can be set, and are not shown.
        pub struct Figures {
            $($(#[doc = $help])+ pub $field: $kind<{ count(&[$($label),*]) }>,)+
        }

        /// The table.
        pub const TABLE: &[Row] = &[
            $(Row {
                name: $name,
                kind: <$kind<0> as super::instruments::Instrument<0>>::KIND,
                labels: &[$($label),*],
                roles: $roles,
                help: concat!($($help),+),
            },)+
        ];

        impl Figures {
            pub(super) fn new(roles: &[Role], registry: &mut Registry) -> Self {
                let figures = Self { $($field: $kind::new([$($label),*]),)+ };
                $(if $roles.iter().any(|role| roles.contains(role)) {
                    figures.$field.register($name, concat!($($help),+).trim_start().trim_end_matches('.'), registry);
                })+
                figures
            }
        }
    };
}

const fn count(labels: &[&str]) -> usize {
    labels.len()
}

const ALL: &[Role] = &[Api, Conductor, Worker];

table! {
    /// 1 with the build's version as label.
    build: Levels ["version"] "wanlink_build_info" of ALL;
    /// 1 while the role is ready, else 0.
    ready: Levels ["role"] "wanlink_ready" of ALL;
    /// CPU time that the process has used.
    cpu: Copied [] "process_cpu_seconds_total" of ALL;
    /// Memory of the process that is in RAM now.
    resident: Levels [] "process_resident_memory_bytes" of ALL;
    /// The most memory that the process ever had in RAM.
    resident_peak: Levels [] "process_resident_memory_peak_bytes" of ALL;
    /// File descriptors that the process has open.
    open_fds: Levels [] "process_open_fds" of ALL;

    /// Calls answered, by method, row of the table of routes, and class of status.
    http_calls: Counts ["method", "route", "status"] "wanlink_http_requests_total" of &[Api];
    /// Time from a call's head to its answer.
    http_time: Times ["method"] "wanlink_http_request_duration_seconds" of &[Api];
    /// Calls being handled.
    http_in_progress: Levels [] "wanlink_http_requests_in_progress" of &[Api];
    /// Requests handed in, by what became of them.
    accepted: Counts ["outcome"] "wanlink_requests_total" of &[Api];
    /// Time from publishing a request to the journal's word on it.
    word_time: Times [] "wanlink_journal_word_seconds" of &[Api];

    /// Messages that one transaction took.
    batch_messages: Sizes ["queue"] "wanlink_batch_messages" of &[Conductor];
    /// Time of one batch, from taking it to its commit.
    batch_time: Times ["queue"] "wanlink_batch_duration_seconds" of &[Conductor];
    /// Transactions that were made again, by why.
    batch_retries: Counts ["queue", "reason"] "wanlink_batch_retries_total" of &[Conductor];
    /// Messages handled and acknowledged.
    messages: Counts ["queue"] "wanlink_messages_total" of &[Conductor];
    /// Messages set aside because nobody could handle them.
    parked: Counts ["queue"] "wanlink_messages_parked_total" of &[Conductor];
    /// Words on requests.
    journaled: Counts ["word"] "wanlink_journal_words_total" of &[Conductor];
    /// Verdicts on claims.
    verdicts: Counts ["verdict"] "wanlink_verdicts_total" of &[Conductor];
    /// Answers to reports; `stale` ones changed nothing, for their epoch was over.
    reports: Counts ["fate"] "wanlink_reports_total" of &[Conductor];
    /// Answers to commands.
    commands: Counts ["result"] "wanlink_commands_total" of &[Conductor];
    /// Answers to renewals, one per account; `bad_action` tells a session that its epoch is over.
    leases: Counts ["answer"] "wanlink_lease_answers_total" of &[Conductor];
    /// Messages sent to accounts' queues.
    dispatched: Counts ["kind"] "wanlink_dispatched_total" of &[Conductor];
    /// Messages to accounts' queues that the broker returned, refused or never confirmed; they are sent again.
    dispatches_lost: Copied [] "wanlink_dispatches_lost_total" of &[Conductor];
    /// Events published.
    events: Counts ["kind"] "wanlink_events_published_total" of &[Conductor];
    /// Actions that came to their end, counted as it is announced.
    ended: Counts ["kind", "state"] "wanlink_actions_ended_total" of &[Conductor];
    /// Time from an event's transaction to its publishing.
    event_lag: Times [] "wanlink_outbox_lag_seconds" of &[Conductor];
    /// Unfinished actions on record.
    unfinished: Levels ["state"] "wanlink_actions_unfinished" of &[Conductor];
    /// How long the oldest unfinished action has been in its state.
    unfinished_age: Levels ["state"] "wanlink_actions_oldest_seconds" of &[Conductor];
    /// Events that wait in the outbox.
    outbox: Levels [] "wanlink_outbox_events" of &[Conductor];
    /// How long the oldest event has waited in the outbox.
    outbox_age: Levels [] "wanlink_outbox_oldest_seconds" of &[Conductor];
    /// WIM accounts that are ready, by whether a living session holds them.
    accounts: Levels ["lease"] "wanlink_accounts" of &[Conductor];
    /// Worker sessions whose lease has not ended.
    sessions: Levels [] "wanlink_worker_sessions" of &[Conductor];
    /// Messages ready in a queue, as the message broker says; accounts' queues are not asked.
    depth: Levels ["queue"] "wanlink_queue_messages" of &[Conductor];

    /// WIM accounts that this worker holds.
    held: Levels [] "wanlink_leases_held" of &[Worker];
    /// Verdicts that this worker was given.
    claims: Counts ["verdict"] "wanlink_claims_answered_total" of &[Worker];
    /// Time from a claim to its verdict.
    claim_time: Times [] "wanlink_claim_duration_seconds" of &[Worker];
    /// Attempts that ended, by connector, kind of action and outcome.
    attempts: Counts ["connector", "kind", "outcome"] "wanlink_attempts_total" of &[Worker];
    /// Time of an attempt, all its calls.
    attempt_time: Times ["connector"] "wanlink_attempt_duration_seconds" of &[Worker];
    /// Attempts under way.
    attempts_in_progress: Levels [] "wanlink_attempts_in_progress" of &[Worker];
    /// Time of one call of a connector, by operation and class of its answer.
    calls: Times ["connector", "operation", "class"] "wanlink_controller_call_duration_seconds" of &[Worker];

    /// Spans handed to the collector, by whether it took them.
    spans: Counts ["outcome"] "wanlink_spans_total" of ALL;
}
