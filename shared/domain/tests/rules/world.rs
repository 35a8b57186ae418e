//! A small catalogue to plan on, and the pieces to build others from.

use crate::samples::{START, account, id};
use serde_json::{Value, json};
use wanlink_domain::catalogue::{Account, Network, NetworkStatus, PortMapping, Site, Tenant, Wim};
use wanlink_domain::connector::{ConnectorCatalogue, ConnectorDescriptor};
use wanlink_domain::draft::LinkDraft;
use wanlink_domain::ids::PortMappingId;
use wanlink_domain::link::{Encapsulation, EncapsulationKind, ServiceType, StatusSource};
use wanlink_domain::plan::{CatalogueIndex, Hints, Networks, PlanError, PlannedLink, plan_link};
use wanlink_domain::reason::Reason;
use wanlink_domain::validate::read_value;

pub const TENANT: u128 = 1;

pub fn connectors() -> ConnectorCatalogue {
    let wide = ConnectorDescriptor {
        kind: "wide",
        summary: "",
        service_types: &ServiceType::ALL,
        max_endpoints: 8,
        encapsulations: &[EncapsulationKind::None, EncapsulationKind::Dot1q],
        bandwidth: true,
        latency: true,
        can_list: true,
        client_chosen_id: true,
        config_schema: &[],
        status_sources: &[StatusSource::Configured],
        max_in_flight_default: 1,
    };
    let narrow = ConnectorDescriptor { kind: "narrow", bandwidth: false, max_endpoints: 2, ..wide };
    ConnectorCatalogue::new([wide, narrow]).unwrap()
}

pub fn tenant(number: u128) -> Tenant {
    Tenant {
        id: id(number),
        name: format!("tenant{number}"),
        description: None,
        version: 1,
        created_at: START,
        modified_at: START,
    }
}

pub fn site(number: u128) -> Site {
    let rules = json!([
        {"condition": {"zone": "x"}, "vim_external_port": {"switch": "s1", "port": "1"}},
        {"condition": {"zone": "x", "rack": 2}, "vim_external_port": {"switch": "s1", "port": "2"}},
        {"condition": {"rack": 2}, "vim_external_port": {"switch": "s1", "port": "3"}},
    ]);
    Site {
        id: id(number),
        name: format!("site{number}"),
        description: None,
        latitude: None,
        longitude: None,
        external_connections: serde_json::from_value(rules).unwrap(),
        version: 1,
        created_at: START,
        modified_at: START,
    }
}

pub fn wim(number: u128, kind: &str) -> Wim {
    Wim {
        id: id(number),
        name: format!("wim{number}"),
        description: None,
        kind: kind.to_owned(),
        wim_url: "http://h".to_owned(),
        config: serde_json::Map::new(),
        version: 1,
        created_at: START,
        modified_at: START,
    }
}

pub fn account_at(number: u128, tenant: u128, wim: u128) -> Account {
    Account { id: id(number), tenant_id: id(tenant), wim_id: id(wim), ..account() }
}

pub fn mapping(wim: u128, site: u128, port: &str) -> PortMapping {
    let place = format!("{wim}:{site}:s1:{port}");
    PortMapping {
        id: PortMappingId(wanlink_domain::ids::derive(uuid::Uuid::nil(), &[&place])),
        wim_id: id(wim),
        site_id: id(site),
        pop_switch_dpid: "s1".to_owned(),
        pop_switch_port: port.to_owned(),
        wan_service_endpoint_id: format!("wim{wim}-site{site}-port{port}"),
        wan_service_mapping_info: Some(json!({"mapping_type": "bearer"})),
        version: 1,
        created_at: START,
        modified_at: START,
    }
}

pub fn network(number: u128, site: u128, vim_info: Value) -> Network {
    Network {
        id: id(number),
        tenant_id: id(TENANT),
        site_id: id(site),
        name: format!("net{number}"),
        service: None,
        virtual_link: None,
        status: NetworkStatus::Active,
        status_detail: None,
        vim_info: serde_json::from_value(vim_info).unwrap(),
        external_port: None,
        encapsulation: Encapsulation::Dot1q { vlan: 100 },
        network_service_id: None,
        leaving: false,
        version: 1,
        created_at: START,
        modified_at: START,
    }
}

/// Three sites; WIM 1 (narrow) joins 1 and 2, WIM 2 (wide) joins all; WIM 3 reaches site 3 only. The tenant has
/// accounts at WIMs 1 and 2, tenant 2 one at WIM 3.
pub struct World {
    pub tenants: Vec<Tenant>,
    pub sites: Vec<Site>,
    pub wims: Vec<Wim>,
    pub accounts: Vec<Account>,
    pub mappings: Vec<PortMapping>,
    pub networks: Vec<Network>,
    pub hints: Hints,
}

impl World {
    pub fn new() -> Self {
        let ports = ["1", "3"];
        let reach = [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 3)];
        Self {
            tenants: vec![tenant(TENANT), tenant(2)],
            sites: (1..=4).map(site).collect(),
            wims: vec![wim(1, "narrow"), wim(2, "wide"), wim(3, "wide")],
            accounts: vec![account_at(11, TENANT, 1), account_at(12, TENANT, 2), account_at(13, 2, 3)],
            mappings: reach
                .iter()
                .flat_map(|(wim, site)| ports.map(|port| mapping(*wim, *site, port)))
                .collect(),
            networks: (1..=4).map(|number| network(number, number, json!({"zone": "x"}))).collect(),
            hints: Hints::default(),
        }
    }

    pub fn index(&self) -> CatalogueIndex {
        CatalogueIndex::new(
            self.tenants.clone(),
            self.sites.clone(),
            self.wims.clone(),
            self.accounts.clone(),
            self.mappings.clone(),
        )
    }

    pub fn networks(&self) -> Networks {
        Networks::new(self.networks.clone())
    }

    pub fn plan(&self, draft: Value) -> Result<PlannedLink, PlanError> {
        let draft: LinkDraft = read_value(draft).unwrap();
        plan_link(&self.index(), &self.networks(), &connectors(), id(TENANT), draft, &self.hints)
    }

    pub fn refusal(&self, draft: Value) -> Reason {
        match self.plan(draft) {
            Err(PlanError::Refused(reason)) => reason,
            other => panic!("{other:?}"),
        }
    }

    pub fn faults(&self, draft: Value) -> Vec<String> {
        match self.plan(draft) {
            Err(PlanError::Fields(errors)) => errors.into_iter().map(|error| error.field).collect(),
            other => panic!("{other:?}"),
        }
    }
}

pub fn between(names: &[&str]) -> Value {
    json!({"endpoints": names.iter().map(|name| json!({"network": name})).collect::<Vec<_>>()})
}
