//! The tables: which rows they hold, what those are found by, and what must hold of each of them.
//!
//! The checks are those of the SQL engines' schemas (`migrations/0001_tables.sql`), typed. Deliberately absent: what holds
//! between rows (`scope.rs`, `catalogue.rs`).

use super::table::{Entry, Key, Layer, Row, Table};
use serde::Serialize;
use serde_json::Value;
use wanlink_domain::action::{Action, ActionState, Attempt};
use wanlink_domain::catalogue::{Account, AccountPhase, Network, PortMapping, Site, Tenant, Wim};
use wanlink_domain::event::{OutboxEvent, Parked};
use wanlink_domain::hold::Hold;
use wanlink_domain::ids::{CommandId, InstallationId};
use wanlink_domain::lease::Session;
use wanlink_domain::link::{Link, LinkStatus, Wish};
use wanlink_domain::request::Request;
use wanlink_domain::service::Service;
use wanlink_domain::time::Timestamp;

/// A row of one of the tables.
pub(super) trait Stored: Row + Serialize {
    const NAME: Name;
    fn table(tables: &Tables) -> &Table<Self>;
    fn layer(changes: &Changes) -> &Layer<Self>;
    fn layer_mut(changes: &mut Changes) -> &mut Layer<Self>;
    /// What no other row of the table may have.
    fn unique(&self) -> Vec<Entry> {
        Vec::new()
    }
    /// What must hold of the row by itself; its words where it does not.
    fn check(&self) -> Result<(), &'static str>;
}

macro_rules! tables {
    ($($field:ident: $row:ident = $name:ident,)+) => {
        /// A table's name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Name { $($name),+ }

        /// What is committed.
        #[derive(Default)]
        pub(super) struct Tables {
            pub installation: Option<InstallationId>,
            pub version: i64,
            /// Of the last event. Never goes back: one that was given and rolled back is left out.
            pub position: i64,
            $($field: Table<$row>,)+
        }

        /// What one transaction has written.
        #[derive(Default)]
        pub(super) struct Changes {
            pub version: Option<i64>,
            $($field: Layer<$row>,)+
        }

        impl Changes {
            /// Commits.
            pub fn apply(self, tables: &mut Tables) {
                tables.version = self.version.unwrap_or(tables.version);
                $(self.$field.apply(&mut tables.$field);)+
            }
        }
    };
}

tables! {
    tenants: Tenant = Tenants,
    sites: Site = Sites,
    wims: Wim = Wims,
    accounts: Account = Accounts,
    port_mappings: PortMapping = PortMappings,
    services: Service = Services,
    networks: Network = Networks,
    sessions: Session = Sessions,
    commands: Command = Commands,
    links: Link = Links,
    requests: Request = Requests,
    actions: Action = Actions,
    attempts: Attempt = Attempts,
    events: Event = Events,
    parked: Parked = ParkedMessages,
    holds: Hold = Holds,
}

/// An answered command.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Command {
    pub id: CommandId,
    pub digest: String,
    pub answer: Value,
    pub answered_at: Timestamp,
}

/// An event with its place in the outbox.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Event {
    pub position: i64,
    pub event: OutboxEvent,
    pub published_at: Option<Timestamp>,
}

/// Says where a row stands, what it is found by, what is unique of it, and what must hold of it.
macro_rules! stored {
    ($(
        $row:ident in $field:ident as $name:ident, |$it:ident| key $key:expr,
        found by $entries:expr, unique $unique:expr, holds $checks:expr;
    )+) => {$(
        impl Row for $row {
            fn key(&self) -> Key {
                let $it = self;
                let _ = $it;
                $key.into()
            }

            fn entries(&self) -> Vec<Entry> {
                let $it = self;
                let _ = $it;
                let mut entries: Vec<Entry> = $entries.into();
                entries.extend(self.unique());
                entries
            }
        }

        impl Stored for $row {
            const NAME: Name = Name::$name;

            fn table(tables: &Tables) -> &Table<Self> {
                &tables.$field
            }

            fn layer(changes: &Changes) -> &Layer<Self> {
                &changes.$field
            }

            fn layer_mut(changes: &mut Changes) -> &mut Layer<Self> {
                &mut changes.$field
            }

            fn unique(&self) -> Vec<Entry> {
                let $it = self;
                let _ = $it;
                $unique.into()
            }

            fn check(&self) -> Result<(), &'static str> {
                let $it = self;
                let _ = $it;
                let checks: &[(bool, &'static str)] = &$checks;
                let broken = checks.iter().find(|(holds, _)| !holds);
                broken.map_or(Ok(()), |(_, words)| Err(words))
            }
        }
    )+};
}

const VERSION: &str = "version is negative";
const BANDWIDTH: &str = "bandwidth_kbps is not positive";

stored! {
    Tenant in tenants as Tenants, |row| key row.id.0,
        found by [Entry::Created(row.created_at)],
        unique [Entry::Name(row.name.clone())],
        holds [(row.version >= 0, VERSION)];
    Site in sites as Sites, |row| key row.id.0,
        found by [Entry::Created(row.created_at)],
        unique [Entry::Name(row.name.clone())],
        holds [
            (row.version >= 0, VERSION),
            (row.latitude.is_none_or(|degrees| (-90.0..=90.0).contains(&degrees)), "latitude is out of range"),
            (row.longitude.is_none_or(|degrees| (-180.0..=180.0).contains(&degrees)), "longitude is out of range"),
        ];
    Wim in wims as Wims, |row| key row.id.0,
        found by [Entry::Created(row.created_at)],
        unique [Entry::Name(row.name.clone())],
        holds [(row.version >= 0, VERSION)];
    Account in accounts as Accounts, |row| key row.id.0,
        found by account_entries(row),
        unique [Entry::Pair(row.wim_id.0, row.tenant_id.0)],
        holds [
            (row.version >= 0, VERSION),
            (row.epoch >= 0, "epoch is negative"),
            (row.event_seq >= 0, "event_seq is negative"),
            (row.unknown_services >= 0, "unknown_services is negative"),
            (row.former_session_id.is_none() || row.former_until.is_some(), "a former session has no end"),
        ];
    PortMapping in port_mappings as PortMappings, |row| key row.id.0,
        found by [
            Entry::Created(row.created_at), Entry::Wim(row.wim_id.0), Entry::Site(row.site_id.0),
            Entry::Pair(row.wim_id.0, row.site_id.0),
        ],
        unique [
            Entry::Port(row.wim_id.0, row.site_id.0, row.pop_switch_dpid.clone(), row.pop_switch_port.clone()),
            Entry::Service(row.wim_id.0, row.wan_service_endpoint_id.clone()),
        ],
        holds [(row.version >= 0, VERSION)];
    Service in services as Services, |row| key row.id.0,
        found by [Entry::Created(row.created_at), Entry::Tenant(row.tenant_id.0)],
        unique [Entry::NameOf(row.tenant_id.0, row.name.clone())],
        holds [
            (row.version >= 0, VERSION),
            (row.bandwidth_kbps != Some(0), BANDWIDTH),
        ];
    Network in networks as Networks, |row| key row.id.0,
        found by network_entries(row),
        unique [Entry::NameOf(row.tenant_id.0, row.name.clone())],
        holds [(row.version >= 0, VERSION)];
    Session in sessions as Sessions, |row| key row.id.0,
        found by [],
        unique [],
        holds [(row.capacity >= 0, "capacity is negative")];
    Command in commands as Commands, |row| key row.id.0,
        found by [],
        unique [],
        holds [];
    Link in links as Links, |row| key row.id.0,
        found by link_entries(row),
        unique [],
        holds [
            (row.version >= 0, VERSION),
            (row.event_seq >= 0, "event_seq is negative"),
            (has_bandwidth(&row.wish), BANDWIDTH),
        ];
    Request in requests as Requests, |row| key row.id.0,
        found by [Entry::Created(row.created_at), Entry::Tenant(row.tenant_id.0)],
        unique [],
        holds [
            ([row.total, row.done, row.failed, row.superseded, row.cancelled].iter().all(|count| *count >= 0)
                && row.event_seq >= 0, "a counter is negative"),
            (row.open() >= 0, "more has ended than there is"),
            (match row.refused {
                None => row.finished_at.is_none() == (row.open() > 0),
                Some(_) => row.finished_at.is_some(),
            }, "it is finished exactly when nothing is open"),
        ];
    Action in actions as Actions, |row| key row.id.0,
        found by action_entries(row),
        unique [],
        holds [
            (has_bandwidth(&row.wish), BANDWIDTH),
            ([row.dispatches, row.claims, row.attempt, row.retries, row.failures].iter().all(|count| *count >= 0)
                && row.epoch.is_none_or(|epoch| epoch >= 0), "a count is negative"),
            (row.finished_at.is_some() == row.state.is_finished(), "it is finished exactly when its state is"),
            (row.finished_at.is_some() || row.due_at.is_some(), "an unfinished action has a due time"),
            (row.state != ActionState::Running || row.attempt > 0 && row.epoch.is_some(),
                "what runs is a numbered attempt of an epoch"),
        ];
    Attempt in attempts as Attempts, |row| key Key(row.action_id.0, row.attempt.into()),
        found by [],
        unique [],
        holds [(row.attempt > 0, "an attempt has no number"), (row.epoch >= 0, "epoch is negative")];
    Event in events as Events, |row| key Key::number(row.position),
        found by row.published_at.is_none().then_some(Entry::Unpublished).into_iter().collect::<Vec<_>>(),
        unique [Entry::Event(row.event.id.0)],
        holds [(row.event.sequence >= 0, "sequence is negative")];
    Parked in parked as ParkedMessages, |row| key row.id.0,
        found by [Entry::Created(row.parked_at)],
        unique [],
        holds [(row.count > 0, "count is not positive")];
    Hold in holds as Holds, |row| key Key(row.id, row.kind as i64),
        found by [],
        unique [],
        holds [];
}

fn has_bandwidth(wish: &Wish) -> bool {
    wish.bandwidth_kbps != Some(0)
}

fn account_entries(row: &Account) -> Vec<Entry> {
    let mut entries = vec![
        Entry::Created(row.created_at),
        Entry::Name(row.name.clone()),
        Entry::Tenant(row.tenant_id.0),
        Entry::Wim(row.wim_id.0),
    ];
    entries.extend(row.session_id.map(|session| Entry::Session(session.0)));
    entries.extend(row.former_session_id.map(|session| Entry::Session(session.0)));
    if row.phase != AccountPhase::Ready {
        entries.push(Entry::Unsettled);
    }
    entries
}

fn network_entries(row: &Network) -> Vec<Entry> {
    let mut entries = vec![
        Entry::Created(row.created_at),
        Entry::Tenant(row.tenant_id.0),
        Entry::Site(row.site_id.0),
        Entry::Name(row.name.clone()),
    ];
    entries.extend(row.network_service_id.map(|service| Entry::OfNetworkService(service.0)));
    entries
}

fn link_entries(row: &Link) -> Vec<Entry> {
    let mut entries = vec![Entry::Created(row.created_at)];
    if row.status != LinkStatus::Deleted {
        entries.push(Entry::Live(row.account_id.0));
    }
    entries.extend(row.refresh_due_at.map(Entry::Refresh));
    entries.extend(row.network_service_id.map(|service| Entry::OfNetworkService(service.0)));
    entries.extend(networks(&row.wish).map(|network| Entry::Network(network.0)));
    entries
}

/// The networks that a link with this wish needs.
pub(super) fn networks(wish: &Wish) -> impl Iterator<Item = wanlink_domain::ids::NetworkId> {
    wish.endpoints.iter().filter_map(|endpoint| endpoint.network_id)
}

fn action_entries(row: &Action) -> Vec<Entry> {
    let mut entries =
        vec![Entry::Created(row.created_at), Entry::Link(row.link_id.0), Entry::Request(row.request_id.0)];
    if row.finished_at.is_none() {
        entries.extend([Entry::OpenOfLink(row.link_id.0), Entry::OpenOfAccount(row.account_id.0)]);
        entries.push(Entry::OpenOfRequest(row.request_id.0));
        entries.extend(row.due_at.map(Entry::Due));
    }
    entries
}
