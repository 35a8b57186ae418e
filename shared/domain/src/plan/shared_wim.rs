//! Which WIM: one that has port mappings at all the sites and an account of the tenant, chosen by a strategy.

use super::CatalogueIndex;
use crate::catalogue::AccountPhase;
use crate::ids::{SiteId, TenantId, WimId};
use crate::reason::{Code, Reason};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use utoipa::ToSchema;

/// How one of several WIMs is taken; equal ones are told apart by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The one with the smallest id.
    #[default]
    First,
    /// The one with the fewest links.
    LeastLoaded,
    /// The one whose controller answers soonest; unmeasured ones last.
    LowestLatency,
    /// None at all: the user sees to the connectivity.
    None,
}

/// A strategy, or one WIM that must be it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WimChoice<'a> {
    By(Strategy),
    /// Id or name.
    Pinned(&'a str),
}

/// What strategies compare, as far as the caller knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// Links per WIM; absent: none.
    pub links: BTreeMap<WimId, u64>,
    pub latency_ms: BTreeMap<WimId, u32>,
}

/// The WIMs with mappings at all the sites and an account of the tenant, in id order.
pub fn find_common_wims(index: &CatalogueIndex, sites: &BTreeSet<SiteId>, tenant: TenantId) -> Vec<WimId> {
    index.wims_of(tenant).filter(|wim| sites.iter().all(|site| index.reaches(*wim, *site))).collect()
}

/// One of the common WIMs whose account of the tenant is ready; `Ok(None)` where none is wished.
///
/// # Errors
/// `no-common-wim` naming the sites that nobody joins, `account-not-ready` where only that is missing, `not-found`
/// for a pinned WIM that is not there.
pub fn find_common_wim(
    index: &CatalogueIndex,
    sites: &BTreeSet<SiteId>,
    tenant: TenantId,
    choice: WimChoice<'_>,
    hints: &Hints,
) -> Result<Option<WimId>, Reason> {
    let strategy = match choice {
        WimChoice::By(Strategy::None) => return Ok(None),
        WimChoice::By(strategy) => strategy,
        WimChoice::Pinned(_) => Strategy::First,
    };
    let candidates = candidates(index, sites, tenant, choice)?;
    let ready: Vec<WimId> =
        candidates.iter().copied().filter(|wim| ready_account(index, tenant, *wim).is_ok()).collect();
    match (choose(strategy, &ready, hints), candidates.first()) {
        (Some(wim), _) => Ok(Some(wim)),
        (None, Some(wim)) => ready_account(index, tenant, *wim).map(|()| None),
        (None, None) => Err(nobody_joins(index, sites, tenant)),
    }
}

/// The common WIMs, or the pinned one if it is one; never an empty list.
pub(super) fn candidates(
    index: &CatalogueIndex,
    sites: &BTreeSet<SiteId>,
    tenant: TenantId,
    choice: WimChoice<'_>,
) -> Result<Vec<WimId>, Reason> {
    if let WimChoice::Pinned(text) = choice {
        let wim = index.find_wim(text)?;
        if index.account_of(tenant, wim.id).is_none() {
            let detail = format!("the tenant has no account at WIM {}", wim.name);
            return Err(Reason::new(Code::NoCommonWim, detail));
        }
        let missing: Vec<String> = sites
            .iter()
            .filter(|site| !index.reaches(wim.id, **site))
            .map(|site| index.site_name(*site))
            .collect();
        if !missing.is_empty() {
            let detail = format!("WIM {} has no port mapping at {}", wim.name, missing.join(", "));
            return Err(Reason::new(Code::NoCommonWim, detail));
        }
        return Ok(vec![wim.id]);
    }
    let common = find_common_wims(index, sites, tenant);
    if common.is_empty() { Err(nobody_joins(index, sites, tenant)) } else { Ok(common) }
}

pub(super) fn ready_account(index: &CatalogueIndex, tenant: TenantId, wim: WimId) -> Result<(), Reason> {
    let phase = index.account_of(tenant, wim).map(|account| (&account.name, account.phase));
    match phase {
        Some((_, AccountPhase::Ready)) => Ok(()),
        Some((name, AccountPhase::Creating)) => {
            Err(Reason::new(Code::AccountNotReady, format!("account {name} is still being set up")))
        }
        Some((name, AccountPhase::Deleting)) => {
            Err(Reason::new(Code::AccountNotReady, format!("account {name} is being deleted")))
        }
        None => Err(Reason::new(Code::NoCommonWim, format!("the tenant has no account at WIM {wim}"))),
    }
}

/// The best of some WIMs.
pub(super) fn choose(strategy: Strategy, wims: &[WimId], hints: &Hints) -> Option<WimId> {
    let cost = |wim: &WimId| match strategy {
        Strategy::First | Strategy::None => 0,
        Strategy::LeastLoaded => hints.links.get(wim).copied().unwrap_or(0),
        Strategy::LowestLatency => hints.latency_ms.get(wim).map_or(u64::MAX, |ms| u64::from(*ms)),
    };
    wims.iter().copied().min_by_key(|wim| (cost(wim), *wim))
}

fn nobody_joins(index: &CatalogueIndex, sites: &BTreeSet<SiteId>, tenant: TenantId) -> Reason {
    let names = |sites: &mut dyn Iterator<Item = &SiteId>| -> String {
        let mut names: Vec<String> = sites.map(|site| index.site_name(*site)).collect();
        names.sort();
        names.join(", ")
    };
    let of: Vec<WimId> = index.wims_of(tenant).collect();
    let all = names(&mut sites.iter());
    let detail = if of.is_empty() {
        format!("no WIM joins {all}: the tenant has no account at any WIM")
    } else {
        let unreached =
            names(&mut sites.iter().filter(|site| !of.iter().any(|wim| index.reaches(*wim, **site))));
        match unreached.is_empty() {
            true => {
                format!("no WIM joins {all}: each is reached by some WIM of the tenant, but by no common one")
            }
            false => format!("no WIM joins {all}: no WIM of the tenant has a port mapping at {unreached}"),
        }
    };
    Reason::new(Code::NoCommonWim, detail)
}
