//! One account's session: from its grant to the word that it is out.
//!
//! Everything that acts for the account runs in one group of tasks. `Ended` is said only when that group is empty,
//! so `released` never precedes a call's end, whatever ended the session: a word from the conductors, a drain, or
//! a fault of its own.

use crate::context::Context;
use crate::driver::Driver;
use crate::reports::Filing;
use crate::trust::{Trust, TrustView};
use crate::{intake, monitor};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio_util::sync::CancellationToken;
use wanlink_broker::port::Queue;
use wanlink_domain::ids::{AccountId, ActionId};
use wanlink_runtime::tasks::Tasks;
use wanlink_wire::conductor::{AccountSettings, Settings};
use wanlink_wire::lease::Holding;
use wanlink_wire::report::ReportItem;

/// Attempts remembered as reported, so that a verdict that comes late is not run a second time.
const REPORTED_MAX: usize = 4_096;
/// Nothing bounds how long a call that blocks its thread takes to end; until then the epoch is not released.
const UNTIL_OUT: Duration = Duration::from_secs(u32::MAX as u64);

/// A running account session in the hands of the session's task.
pub(crate) struct Running {
    pub trust: watch::Sender<Trust>,
    pub stop: CancellationToken,
    pub activity: Arc<Activity>,
}

/// What one account's parts share.
pub(crate) struct Account {
    pub cx: Arc<Context>,
    pub holding: Holding,
    pub trust: TrustView,
    /// Ends with the epoch.
    pub tasks: Tasks,
    pub activity: Arc<Activity>,
    pub driver: Driver,
    /// Its connector, for figures.
    pub kind: &'static str,
    /// Links that are worked on at once.
    pub permits: Semaphore,
    /// One list at a time.
    pub lists: Semaphore,
    pub max_in_flight: u16,
}

/// Starts a session for a fresh grant.
pub(crate) fn start(cx: &Arc<Context>, tasks: &Tasks, holding: Holding, trust: Trust) -> Running {
    let (window, seen) = watch::channel(trust);
    let group = tasks.child();
    let activity = Arc::new(Activity::new());
    let running = Running { trust: window, stop: group.token(), activity: activity.clone() };
    let trust = TrustView::new(seen, cx.clock.clone());
    let session = Tenure { cx: cx.clone(), holding, trust, tasks: group.clone(), activity };
    let cx = cx.clone();
    tasks.spawn(async move {
        // Spawned apart, so that even a panic of the session itself ends with `Ended`.
        let ended = group.spawn(session.serve()).await;
        if let Err(error) = ended
            && error.is_panic()
        {
            tracing::error!(account = %holding.account, epoch = holding.epoch, "account session panicked");
        }
        group.stop(UNTIL_OUT).await;
        cx.answers.forget(holding);
        cx.line.ended(holding).await;
    });
    running
}

/// An account session before it knows its settings.
struct Tenure {
    cx: Arc<Context>,
    holding: Holding,
    trust: TrustView,
    tasks: Tasks,
    activity: Arc<Activity>,
}

impl Tenure {
    async fn serve(self) {
        let tasks = self.tasks.clone();
        tokio::select! {
            biased;
            () = tasks.stopped() => {}
            () = self.act() => {}
        }
    }

    async fn act(self) {
        let Some(settings) = self.settings().await else { return };
        let cx = self.cx;
        let max_in_flight = max_in_flight(&cx, &settings);
        let known = cx.connectors.descriptors().find(|known| known.kind == settings.wim_kind);
        let account = Arc::new(Account {
            kind: known.map_or("unknown", |known| known.kind),
            driver: Driver::new(cx.clone(), self.holding.account, settings),
            permits: Semaphore::new(usize::from(max_in_flight)),
            lists: Semaphore::new(1),
            holding: self.holding,
            trust: self.trust,
            tasks: self.tasks,
            activity: self.activity,
            max_in_flight,
            cx,
        });
        account.tasks.spawn(until_stopped(account.clone(), mend(account.clone())));
        account.tasks.spawn(until_stopped(account.clone(), monitor::watch(account.clone())));
        intake::serve(&account).await;
    }

    /// `None`: the epoch is over, or there is no time left to begin.
    async fn settings(&self) -> Option<AccountSettings> {
        let (cx, holding) = (&self.cx, self.holding);
        let question = Settings { session: cx.session, account: holding.account, epoch: holding.epoch };
        let ask = cx.settings_desk.ask(holding, cx.settings.repeat, &*cx.entropy, || async {
            drop(cx.post.ask(Queue::Conductor, question).await);
        });
        tokio::select! {
            biased;
            () = cx.draining.cancelled() => None,
            settings = ask => settings,
        }
    }
}

async fn mend(account: Arc<Account>) {
    account.driver.mend().await;
}

/// Runs a part of an account's session until its epoch is over.
pub(crate) async fn until_stopped(account: Arc<Account>, part: impl Future<Output = ()>) {
    tokio::select! {
        biased;
        () = account.tasks.stopped() => {}
        () = part => {}
    }
}

/// What the account's configuration says, else what its connector can take.
fn max_in_flight(cx: &Context, settings: &AccountSettings) -> u16 {
    let capable = cx.connectors.descriptors().find(|descriptor| descriptor.kind == settings.wim_kind);
    let capable = capable.map_or(1, |descriptor| u64::from(descriptor.max_in_flight_default));
    let wished = settings.config.get("max_in_flight").and_then(|value| value.as_u64());
    u16::try_from(wished.unwrap_or(capable).clamp(1, 1_024)).unwrap_or(1)
}

/// What an account's session has in hand, for all who must know.
pub(crate) struct Activity {
    state: Mutex<Hands>,
    /// Deliveries in hand.
    count: watch::Sender<usize>,
}

struct Hands {
    /// Actions whose prompt or poll is in hand: a second delivery of one is dropped.
    actions: BTreeSet<ActionId>,
    /// The latest attempt of recent actions that was reported and confirmed.
    reported: BTreeMap<ActionId, i32>,
    reported_order: VecDeque<ActionId>,
    /// Prompts in hand.
    prompts: usize,
    /// By the monotonic clock: since when no prompt came although one was welcome; `None` while none is.
    quiet_since: Option<Duration>,
}

impl Activity {
    pub fn new() -> Self {
        let state = Hands {
            actions: BTreeSet::new(),
            reported: BTreeMap::new(),
            reported_order: VecDeque::new(),
            prompts: 0,
            quiet_since: None,
        };
        Self { state: Mutex::new(state), count: watch::Sender::new(0) }
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No prompt in hand, and none came for `idle_after`: what a broker has, it would have pushed. Looks do not count:
    /// an account with many links is never without them, and prompts that were lost would wait for ever.
    pub fn is_idle(&self, now: Duration, idle_after: Duration) -> bool {
        let quiet = |since: Duration| now.saturating_sub(since) >= idle_after;
        let hands = self.hands();
        hands.prompts == 0 && hands.quiet_since.is_some_and(quiet)
    }

    /// From `since` on deliveries are taken; `None`: they are not, and what the queue holds is not known.
    pub fn consuming(&self, since: Option<Duration>) {
        self.hands().quiet_since = since;
    }

    /// Ends when nothing is in hand.
    pub async fn empty(&self) {
        let mut count = self.count.subscribe();
        // The sender lives in `self`, so the wait cannot fail.
        drop(count.wait_for(|held| *held == 0).await);
    }

    /// Takes a delivery in hand until the guard is dropped.
    pub fn take(self: &Arc<Self>) -> InHand {
        self.count.send_modify(|held| *held += 1);
        InHand { activity: self.clone(), action: None, prompt: false }
    }

    /// The attempt of this action that was reported and confirmed last; 0: none.
    pub fn reported(&self, action: ActionId) -> i32 {
        self.hands().reported.get(&action).copied().unwrap_or(0)
    }

    pub fn note_reported(&self, action: ActionId, attempt: i32) {
        let mut hands = self.hands();
        if hands.reported.insert(action, attempt).is_none() {
            hands.reported_order.push_back(action);
        }
        if hands.reported_order.len() > REPORTED_MAX
            && let Some(oldest) = hands.reported_order.pop_front()
        {
            hands.reported.remove(&oldest);
        }
    }
}

/// One delivery in hand.
pub(crate) struct InHand {
    activity: Arc<Activity>,
    action: Option<ActionId>,
    prompt: bool,
}

impl InHand {
    /// Says that it is a prompt, which came at `now`.
    pub fn is_prompt(&mut self, now: Duration) {
        let mut hands = self.activity.hands();
        hands.quiet_since = Some(now);
        hands.prompts += usize::from(!self.prompt);
        self.prompt = true;
    }

    /// Says which action it is about. `false`: another delivery of that action is in hand already.
    pub fn about(&mut self, action: ActionId) -> bool {
        let first = self.activity.hands().actions.insert(action);
        if first {
            self.action = Some(action);
        }
        first
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        let mut hands = self.activity.hands();
        if let Some(action) = self.action {
            hands.actions.remove(&action);
        }
        hands.prompts -= usize::from(self.prompt);
        drop(hands);
        self.activity.count.send_modify(|held| *held -= 1);
    }
}

impl Account {
    pub fn account(&self) -> AccountId {
        self.holding.account
    }

    /// Files how an attempt or a poll ended. `true`: the broker has it, and an answer is expected.
    pub async fn report(&self, item: ReportItem) -> bool {
        self.cx.answers.expect(&item);
        self.cx.reports.file(Filing::Report(item), &self.trust).await
    }

    /// A place among those in flight, under a lease that is trusted; free again when it is dropped.
    pub async fn place(&self) -> Option<SemaphorePermit<'_>> {
        loop {
            self.trust.live().await;
            // Nobody closes the semaphore.
            let place = self.permits.acquire().await.ok();
            if self.trust.is_live() {
                return place;
            }
        }
    }
}
