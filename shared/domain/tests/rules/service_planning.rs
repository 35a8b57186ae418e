//! What a network service asks of its links: tables of single cases, and histories of updates after each of which the
//! links must be what the networks ask for.

use crate::samples::{START, id, link};
use crate::world::{World, connectors};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;
use wanlink_domain::accepted::AcceptedAt;
use wanlink_domain::catalogue::Network;
use wanlink_domain::draft::{ServiceDraft, ServicePatch};
use wanlink_domain::ids::{LinkId, NetworkId, derive};
use wanlink_domain::link::{Link, LinkStatus, ServiceType};
use wanlink_domain::plan::{
    Hints, Intent, LinkPlan, PlanError, Target, derive_wan_links, members, plan_service,
};
use wanlink_domain::reason::Code;
use wanlink_domain::service::{Service, ServicePhase, status};
use wanlink_domain::validate::{FieldError, read_value};

/// A service on record, with its networks and links as a conductor would keep them.
struct Book {
    world: World,
    service: Service,
    networks: Vec<Network>,
    links: Vec<Link>,
}

fn network(name: &str, site: u128, virtual_link: &str) -> Value {
    json!({"name": name, "site": format!("site{site}"), "virtual_link": virtual_link, "vim_info": {"zone": "x"},
        "encapsulation": {"type": "dot1q", "vlan": 100}})
}

fn ids(n: usize, round: usize) -> NetworkId {
    NetworkId(derive(Uuid::nil(), &[&round.to_string(), &n.to_string()]))
}

fn places(errors: Vec<FieldError>) -> Vec<String> {
    errors.into_iter().map(|error| error.field).collect()
}

impl Book {
    /// In a world where one WIM joins all sites.
    fn create(body: Value, networks: Value) -> Result<Self, PlanError> {
        let mut world = World::new();
        world.accounts.remove(0);
        Self::create_in(world, body, networks)
    }

    fn create_in(world: World, mut body: Value, networks: Value) -> Result<Self, PlanError> {
        body["name"] = json!("backbone");
        body["networks"] = networks;
        let draft: ServiceDraft = read_value(body).unwrap();
        let drafts = draft.networks.clone();
        let service = draft.create(id(70), id(crate::world::TENANT), None, START)?;
        let mut book = Self { world, service, networks: Vec::new(), links: Vec::new() };
        book.plan(Some(drafts), 0)?;
        Ok(book)
    }

    fn update(&mut self, patch: Value, round: usize) -> Result<Vec<Intent<LinkPlan>>, PlanError> {
        let patch: ServicePatch = read_value(patch).unwrap();
        let before = self.service.clone();
        self.service = patch.edit(&before, None)?;
        self.plan(patch.networks, round)
    }

    fn plan(
        &mut self,
        drafts: Option<Vec<wanlink_domain::draft::NetworkDraft>>,
        round: usize,
    ) -> Result<Vec<Intent<LinkPlan>>, PlanError> {
        let index = self.world.index();
        let found = match drafts {
            Some(drafts) => members(&index, &self.service, &self.networks, drafts, START, |n| ids(n, round))?,
            None => wanlink_domain::plan::Members { members: self.members(), ..Default::default() },
        };
        let changed: BTreeSet<NetworkId> = found.change.iter().map(|network| network.id).collect();
        let (service, hints) = (&self.service, Hints::default());
        let intents =
            plan_service(&index, &connectors(), service, &found.members, &changed, &self.links, &hints)?;
        self.networks.retain(|network| !changed.contains(&network.id));
        self.networks.extend(found.join);
        self.networks.extend(found.change);
        for (n, intent) in intents.iter().enumerate() {
            self.apply(intent, LinkId(derive(Uuid::max(), &[&round.to_string(), &n.to_string()])));
        }
        Ok(intents)
    }

    fn members(&self) -> Vec<Network> {
        self.networks.iter().filter(|network| !network.leaving).cloned().collect()
    }

    fn apply(&mut self, intent: &Intent<LinkPlan>, fresh: LinkId) {
        match (&intent.change, intent.target) {
            (LinkPlan::New { virtual_link, name, wim_id, wish }, Target::New) => self.links.push(Link {
                id: fresh,
                name: name.clone(),
                wim_id: *wim_id,
                account_id: intent.account_id,
                network_service_id: Some(self.service.id),
                virtual_link: Some(virtual_link.clone()),
                wish: wish.clone(),
                newest_at: AcceptedAt(1),
                ..link()
            }),
            (LinkPlan::Edit(patch), Target::Existing { link, .. }) => {
                let row = self.links.iter_mut().find(|row| row.id == link).expect("a link of the service");
                row.wish = patch.over(&row.wish);
            }
            (LinkPlan::Delete, Target::Existing { link, .. }) => self.links.retain(|row| row.id != link),
            other => panic!("{other:?}"),
        }
    }

    /// Virtual link -> (kind, networks), of the links.
    fn shape(&self) -> BTreeMap<String, (ServiceType, BTreeSet<NetworkId>)> {
        let ends = |link: &Link| link.wish.endpoints.iter().filter_map(|end| end.network_id).collect();
        let links = self.links.iter();
        links.map(|it| (it.virtual_link.clone().unwrap(), (it.wish.service_type, ends(it)))).collect()
    }

    /// The same of what the networks ask for.
    fn asked(&self) -> BTreeMap<String, (ServiceType, BTreeSet<NetworkId>)> {
        let kind = |n| self.service.service_type.unwrap_or(ServiceType::joining(n));
        let derived = derive_wan_links(&self.members());
        derived
            .into_iter()
            .map(|it| (it.virtual_link, (kind(it.networks.len()), it.networks.into_iter().collect())))
            .collect()
    }
}

fn kinds(intents: &[Intent<LinkPlan>]) -> Vec<&'static str> {
    intents
        .iter()
        .map(|intent| match intent.change {
            LinkPlan::New { .. } => "new",
            LinkPlan::Edit(_) => "edit",
            LinkPlan::Delete => "delete",
        })
        .collect()
}

#[test]
fn two_sites_are_an_eline_and_three_an_elan() {
    let both = json!([
        network("a1", 1, "data"), network("a2", 2, "data"),
        network("b1", 1, "mgmt"), network("b2", 2, "mgmt"), network("b3", 3, "mgmt"),
        network("c1", 1, "alone"), {"name": "d1", "site": "site1"},
    ]);
    let book = Book::create(json!({"latency_ms": 3}), both).unwrap();
    let kinds: Vec<(String, ServiceType)> =
        book.shape().into_iter().map(|(name, (kind, _))| (name, kind)).collect();
    assert_eq!(kinds, [("data".to_owned(), ServiceType::Eline), ("mgmt".to_owned(), ServiceType::Elan)]);
    assert!(book.links.iter().all(|link| link.wish.latency_ms == Some(3)));
    assert_eq!(book.links[0].name, "backbone data");
    assert_eq!(book.shape(), book.asked());
}

#[test]
fn updates_ask_for_what_differs() {
    let (a, b) = (network("n1", 1, "data"), network("n2", 2, "data"));
    let (c, d) = (network("n3", 3, "data"), network("n4", 1, "mgmt"));
    let mut other = b.clone();
    other["encapsulation"]["vlan"] = json!(200);
    let moved = network("n3", 3, "mgmt");
    let cases: [(Value, &[&str], Value, &[&str]); 9] = [
        (json!([a, b]), &["new"], json!([a, b, c]), &["edit"]),
        (json!([a, b, c]), &["new"], json!([a, c]), &["edit"]),
        (json!([a, b]), &["new"], json!([a, b]), &[]),
        (json!([a, b]), &["new"], json!([a]), &["delete"]),
        (json!([a]), &[], json!([a, b]), &["new"]),
        (json!([a, b, d]), &["new"], json!([a, b, d, moved]), &["new"]),
        (json!([a, b, c, d]), &["new"], json!([a, b, moved, d]), &["edit", "new"]),
        // The same endpoints, otherwise attached: made again as they are now.
        (json!([a, b]), &["new"], json!([a, other]), &["edit"]),
        (json!([a, b, c]), &["new"], json!([b]), &["delete"]),
    ];
    for (n, (before, first, after, then)) in cases.into_iter().enumerate() {
        let mut book = Book::create(json!({}), before).unwrap();
        let made: Vec<&str> = book.links.iter().map(|_| "new").collect();
        assert_eq!(made, first, "case {n}");
        let intents = book.update(json!({"networks": after}), 1).unwrap();
        assert_eq!(kinds(&intents), then, "case {n}");
        assert_eq!(book.shape(), book.asked(), "case {n}");
    }
}

#[test]
fn a_bandwidth_changes_every_link_and_an_explicit_kind_stays() {
    let networks = json!([network("a1", 1, "data"), network("a2", 2, "data"), network("a3", 3, "data")]);
    let mut book = Book::create(json!({"service_type": "ETREE"}), networks).unwrap();
    let intents = book.update(json!({"bandwidth_kbps": 500}), 1).unwrap();
    assert_eq!((kinds(&intents), book.links[0].wish.bandwidth_kbps), (vec!["edit"], Some(500)));
    let fewer = json!([network("a1", 1, "data"), network("a2", 2, "data")]);
    book.update(json!({"networks": fewer}), 2).unwrap();
    assert_eq!(book.links[0].wish.service_type, ServiceType::Etree);
}

#[test]
fn deleting_asks_for_every_link_that_is_left() {
    let networks = json!([
        network("a1", 1, "data"),
        network("a2", 2, "data"),
        network("b1", 1, "m"),
        network("b2", 2, "m")
    ]);
    let mut book = Book::create(json!({}), networks).unwrap();
    book.links[0].deletion = Some(wanlink_domain::accepted::Order { at: AcceptedAt(2), action: id(9) });
    book.service.phase = ServicePhase::Deleting;
    let intents = book.plan(None, 1).unwrap();
    assert_eq!(kinds(&intents), ["delete", "delete"]);
    assert!(book.links.is_empty());
}

#[test]
fn a_link_that_is_being_deleted_is_made_anew() {
    let networks = json!([network("a1", 1, "data"), network("a2", 2, "data")]);
    let mut book = Book::create(json!({}), networks.clone()).unwrap();
    book.links[0].deletion = Some(wanlink_domain::accepted::Order { at: AcceptedAt(2), action: id(9) });
    assert_eq!(kinds(&book.update(json!({"networks": networks}), 1).unwrap()), ["new"]);
}

#[test]
fn what_cannot_be_is_refused_with_its_virtual_link() {
    let three = || json!([network("a1", 1, "data"), network("a2", 2, "data"), network("a3", 3, "data")]);
    let unmapped = json!([network("a1", 1, "data"), network("a4", 4, "data")]);
    let mut portless = three();
    portless[2]["vim_info"] = json!({});
    for (body, networks, code, part) in [
        (json!({"service_type": "ELINE"}), three(), Code::Invalid, "virtual link data: ELINE"),
        (json!({}), unmapped, Code::NoCommonWim, "site4"),
        (json!({}), portless, Code::NoExternalPort, "network a3"),
    ] {
        match Book::create(body, networks) {
            Err(PlanError::Refused(reason)) => {
                assert_eq!(reason.code, code, "{reason:?}");
                assert!(reason.detail.contains(part), "{reason:?}");
            }
            other => panic!("{part}: {}", other.is_ok()),
        }
    }
    // A site that the link's own WIM does not reach: the link stays where it is.
    let mut book =
        Book::create_in(World::new(), json!({}), json!([network("a1", 1, "data"), network("a2", 2, "data")]))
            .unwrap();
    match book.update(json!({"networks": three()}), 1) {
        Err(PlanError::Refused(reason)) => {
            assert!(reason.detail.contains("wim1") && reason.detail.contains("site3"))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn faults_are_told_with_their_places() {
    let mut bad = json!([network("a1", 1, "data"), network("a1", 2, "data"), network("a3", 9, "data")]);
    bad[0]["tenant"] = json!("t");
    bad[1]["encapsulation"]["vlan"] = json!(5000);
    match Book::create(json!({}), bad) {
        Err(PlanError::Fields(errors)) => assert_eq!(
            places(errors),
            ["/networks/0/tenant", "/networks/1/name", "/networks/1/encapsulation/vlan", "/networks/2/site"]
        ),
        _ => panic!("not refused"),
    }
    match Book::create(json!({"bandwidth_kbps": 0, "wim": "w", "strategy": "first"}), json!([])) {
        Err(PlanError::Fields(errors)) => {
            assert_eq!(places(errors), ["/bandwidth_kbps", "/strategy", "/networks"]);
        }
        _ => panic!("not refused"),
    }
    let mut book = Book::create(json!({}), json!([network("a1", 1, "data")])).unwrap();
    let patch = json!({"name": "other", "service_type": "L3", "latency_ms": null, "networks": [network("a1", 2, "data")]});
    let service = book.service.clone();
    let patch: ServicePatch = read_value(patch).unwrap();
    assert_eq!(places(patch.edit(&service, None).unwrap_err()), ["/name", "/service_type", "/latency_ms"]);
    match book.update(json!({"networks": [network("a1", 2, "data")]}), 1) {
        Err(PlanError::Fields(errors)) => assert_eq!(places(errors), ["/networks/0/site"]),
        _ => panic!("not refused"),
    }
}

#[test]
fn a_network_keeps_its_status_when_its_service_is_given_again() {
    let mut building = network("a1", 1, "data");
    building["status"] = json!("BUILD");
    let mut book = Book::create(json!({}), json!([building])).unwrap();
    book.networks[0].status = wanlink_domain::catalogue::NetworkStatus::Active;
    book.update(json!({"networks": [building]}), 1).unwrap();
    assert_eq!(book.networks[0].status, wanlink_domain::catalogue::NetworkStatus::Active);
    // One that left and comes again is the same network, as long as it is on record.
    let other = json!([network("a2", 2, "data")]);
    book.update(json!({"networks": other}), 2).unwrap();
    let leaving = book.networks.iter().find(|it| it.leaving).map(|it| it.id);
    book.update(json!({"networks": [building, other[0]]}), 3).unwrap();
    let again = book.networks.iter().find(|it| it.name == "a1").map(|it| (it.id, it.leaving));
    assert_eq!(again, leaving.map(|id| (id, false)));
}

#[test]
fn a_service_is_as_well_as_the_worst_of_its_links() {
    use LinkStatus::{Active, Build, Deleted, Down, Error, ScheduledCreation, ScheduledDeletion, WimError};
    let row = |status| Link { status, ..link() };
    for (phase, links, expect) in [
        (ServicePhase::Live, &[][..], Active),
        (ServicePhase::Live, &[Active, Active], Active),
        (ServicePhase::Live, &[Active, Deleted], Active),
        (ServicePhase::Live, &[Active, ScheduledDeletion], Active),
        (ServicePhase::Live, &[ScheduledCreation, ScheduledCreation], ScheduledCreation),
        (ServicePhase::Live, &[ScheduledCreation, Active], Build),
        (ServicePhase::Live, &[Active, Build], Build),
        (ServicePhase::Live, &[Active, Down, Build], Down),
        (ServicePhase::Live, &[Down, WimError], WimError),
        (ServicePhase::Live, &[Error, WimError, Active], Error),
        (ServicePhase::Deleting, &[ScheduledDeletion, Active], ScheduledDeletion),
        (ServicePhase::Deleting, &[ScheduledDeletion, Error], Error),
    ] {
        let rows: Vec<Link> = links.iter().copied().map(row).collect();
        assert_eq!(status(phase, &rows), expect, "{phase:?} {links:?}");
    }
}

proptest! {
    /// However a service is changed, its links are what its networks ask for; a change that is refused changes nothing,
    /// and asking for the same again asks for nothing.
    #[test]
    fn links_follow_networks(rounds in prop::collection::vec(prop::collection::btree_set(0_usize..12, 1..9), 1..6)) {
        let all: Vec<Value> = (0..12)
            .map(|n| network(&format!("n{n}"), 1 + n % 3, ["data", "mgmt", "spare"][(n as usize / 3) % 3]))
            .collect();
        let pick = |chosen: &BTreeSet<usize>| Value::from_iter(chosen.iter().map(|n| all[*n].clone()));
        let mut book = match Book::create(json!({}), pick(&rounds[0])) {
            Ok(book) => book,
            Err(_) => return Ok(()),
        };
        prop_assert_eq!(book.shape(), book.asked());
        for (n, round) in rounds.iter().enumerate().skip(1) {
            let (links, networks) = (book.links.clone(), book.networks.clone());
            match book.update(json!({"networks": pick(round)}), n) {
                Ok(_) => {
                    prop_assert_eq!(book.shape(), book.asked());
                    let again = book.update(json!({"networks": pick(round)}), n + 100);
                    prop_assert_eq!(again.map(|intents| intents.len()).ok(), Some(0));
                }
                Err(_) => {
                    prop_assert_eq!(&book.links, &links);
                    prop_assert_eq!(&book.networks, &networks);
                }
            }
        }
    }
}
