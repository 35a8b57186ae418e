//! The simulated controller: services by id, its ledger, its script. One lock, never held over an await.

use super::ledger::{Call, Effect, Verb};
use super::script::{Fault, Rule};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use wanlink_domain::ids::LinkId;
use wanlink_domain::link::{LinkStatus, ResolvedWish};
use wanlink_runtime::clock::{Clock, SystemClock};

/// The controllers of this process by name.
static NAMED: OnceLock<Mutex<BTreeMap<String, Arc<Controller>>>> = OnceLock::new();

/// A controller in this process. Tests hold it beside the connectors that act on it.
pub struct Controller {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    services: BTreeMap<String, Service>,
    calls: Vec<Call>,
    rules: Vec<Rule>,
}

/// A connectivity service.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Service {
    pub(super) owner: String,
    /// Absent for foreign services, of which nothing is known.
    pub(super) wish: Option<ResolvedWish>,
    /// On the controller's clock.
    pub(super) active_at: Duration,
    /// Whatever it would be by itself.
    pub(super) forced: Option<LinkStatus>,
}

impl Controller {
    /// A new one on the machine's clock, known by no name.
    pub fn new() -> Arc<Self> {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// A new one on this clock: in a simulation, building takes virtual time.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { clock, state: Mutex::default() })
    }

    /// The one that `simulator:NAME` means; made on the first call.
    pub fn named(name: &str) -> Arc<Self> {
        let mut all = NAMED.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(name.to_owned()).or_insert_with(Self::new).clone()
    }

    /// Makes `simulator:NAME` mean this one, whatever it meant before.
    pub fn register(self: &Arc<Self>, name: &str) {
        let mut all = NAMED.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(name.to_owned(), self.clone());
    }

    /// Adds a rule behind those that stand.
    pub fn script(&self, rule: Rule) {
        self.lock().rules.push(rule);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.lock().rules.clear();
    }

    /// Every call so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// How many calls about this link had this effect.
    pub fn count(&self, link: LinkId, effect: Effect) -> usize {
        self.lock().calls.iter().filter(|call| call.link == Some(link) && call.effect == effect).count()
    }

    /// The ids of all services that exist, foreign ones included.
    pub fn present(&self) -> Vec<String> {
        self.lock().services.keys().cloned().collect()
    }

    /// What is configured for a link.
    pub fn wish(&self, link: LinkId) -> Option<ResolvedWish> {
        self.lock().services.get(&link.to_string())?.wish.clone()
    }

    /// A service of somebody else's.
    pub fn plant(&self, id: &str, owner: &str) {
        let service =
            Service { owner: owner.to_owned(), wish: None, active_at: Duration::ZERO, forced: None };
        self.lock().services.insert(id.to_owned(), service);
    }

    /// Removes a service behind everyone's back. False where there was none.
    pub fn vanish(&self, id: &str) -> bool {
        self.lock().services.remove(id).is_some()
    }

    /// What a link's status is from now on, whatever it would be by itself; `None` ends that.
    pub fn force(&self, link: LinkId, status: Option<LinkStatus>) {
        if let Some(service) = self.lock().services.get_mut(&link.to_string()) {
            service.forced = status;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a call into the ledger: its number, and the fault that falls on it.
    pub(super) fn begin(&self, verb: Verb, link: Option<LinkId>) -> (u64, Option<Fault>) {
        let mut state = self.lock();
        let number = state.calls.len() as u64 + 1;
        state.calls.push(Call { number, verb, link, effect: Effect::Refused, answered: false });
        let fault = Rule::fire(&mut state.rules, verb, link, number);
        (number, fault)
    }

    /// Notes what the call of this number came to.
    pub(super) fn end(&self, number: u64, effect: Effect, answered: bool) {
        let mut state = self.lock();
        if let Some(call) = state.calls.iter_mut().rfind(|call| call.number == number) {
            call.effect = effect;
            call.answered = answered;
        }
    }

    pub(super) fn service(&self, id: &str) -> Option<Service> {
        self.lock().services.get(id).cloned()
    }

    /// Makes or changes a service; `Err`: whose it is instead.
    pub(super) fn put(
        &self,
        id: &str,
        owner: &str,
        wish: &ResolvedWish,
        build: Duration,
    ) -> Result<Effect, String> {
        let active_at = self.clock.mono() + build;
        let mut state = self.lock();
        match state.services.get_mut(id) {
            Some(held) if held.owner != owner => Err(held.owner.clone()),
            Some(held) if held.wish.as_ref() == Some(wish) => Ok(Effect::Repeated),
            Some(held) => {
                held.wish = Some(wish.clone());
                Ok(Effect::Changed)
            }
            None => {
                let service =
                    Service { owner: owner.to_owned(), wish: Some(wish.clone()), active_at, forced: None };
                state.services.insert(id.to_owned(), service);
                Ok(Effect::Created)
            }
        }
    }

    /// Removes a service of this owner's.
    pub(super) fn delete(&self, id: &str, owner: &str) -> Effect {
        let mut state = self.lock();
        match state.services.get(id) {
            Some(held) if held.owner == owner => {
                state.services.remove(id);
                Effect::Removed
            }
            _ => Effect::RepeatedRemoval,
        }
    }

    pub(super) fn owned(&self, owner: &str) -> Vec<(String, Service)> {
        let state = self.lock();
        let ours = state.services.iter().filter(|(_, service)| service.owner == owner);
        ours.map(|(id, service)| (id.clone(), service.clone())).collect()
    }

    pub(super) fn status(&self, service: &Service) -> LinkStatus {
        match service.forced {
            Some(forced) => forced,
            None if self.clock.mono() < service.active_at => LinkStatus::Build,
            None => LinkStatus::Active,
        }
    }
}
