//! One attempt of one action, and one look at one link.
//!
//! What an answer of a connector means is `wanlink_connectors::policy`'s; here is only which calls are made, in
//! which order. Deliberately absent: retries (the conductors schedule them) and an EXECUTE's named actions, which no
//! connector offers yet.

use crate::account::Account;
use crate::calls::{Calls, Cut};
use std::sync::Arc;
use wanlink_connectors::policy;
use wanlink_connectors::port::{Class, Desired, Failure, Listing, Remote};
use wanlink_domain::action::{ActionKind, Found, Outcome};
use wanlink_domain::link::{LinkStatus, ResolvedWish};
use wanlink_domain::reason::{Code, Reason};
use wanlink_wire::account::Task;
use wanlink_wire::report::Sight;

/// What a verdict said to run.
pub(crate) struct Attempt {
    pub kind: ActionKind,
    /// An earlier attempt may have left something at the controller.
    pub observe_first: bool,
    pub task: Task,
}

/// Runs an attempt to its outcome, within an attempt's time.
pub(crate) async fn run(account: &Account, attempt: Attempt) -> Outcome {
    let connector = match account.driver.current() {
        Ok(connector) => connector,
        Err(reason) => return policy::outcome_of_unbuilt(reason),
    };
    let calls = Calls::new(account, connector, account.cx.settings.attempt_timeout);
    let Attempt { kind, observe_first, task } = attempt;
    match kind {
        ActionKind::Create | ActionKind::Edit => ensure(&calls, observe_first, task).await,
        ActionKind::Delete => remove(account, &calls, observe_first, &task).await,
        ActionKind::Find => find(&calls, &task).await,
        ActionKind::Execute => {
            refused(Code::Unsupported, "this worker's connectors offer no actions of their own")
        }
    }
}

/// Looks how the building, or the removal, of a link goes.
pub(crate) async fn poll(account: &Account, kind: ActionKind, task: &Task) -> Outcome {
    let connector = match account.driver.current() {
        Ok(connector) => connector,
        Err(reason) => return policy::outcome_of_unbuilt(reason),
    };
    let calls = Calls::new(account, connector, account.cx.settings.attempt_timeout);
    match calls.observe(&remote(task)).await {
        Err(cut) => cut.while_looking(),
        Ok(answer) if kind == ActionKind::Delete => policy::outcome_of_going(answer),
        Ok(answer) => policy::outcome_of_found(answer),
    }
}

/// Looks at a settled link. `None`: the lease ran out meanwhile, so nothing was seen that is ours to tell.
pub(crate) async fn sight(account: &Account, task: &Task) -> Option<Sight> {
    let connector = match account.driver.current() {
        Ok(connector) => connector,
        Err(reason) => return Some(Sight::Failed { reason }),
    };
    let calls = Calls::new(account, connector, account.cx.settings.attempt_timeout);
    match calls.observe(&remote(task)).await {
        Ok(Ok(found)) => Some(Sight::Seen { found }),
        Ok(Err(failure)) => Some(Sight::Failed { reason: policy::reason(&failure) }),
        // It says nothing about the controller.
        Err(Cut::NotBegun | Cut::Untrusted) => None,
        Err(cut @ (Cut::TimedOut | Cut::Panicked)) => Some(Sight::Failed { reason: cut.reason() }),
    }
}

/// What a list came to.
pub(crate) enum Shown {
    List(Arc<dyn Listing>),
    /// The controller answers, but not with a list: its links are looked at one by one.
    OneByOne,
    /// It cannot be asked.
    Failed(Reason),
}

/// Lists an account's services. `None`: the lease ran out meanwhile.
pub(crate) async fn list(account: &Account) -> Option<Shown> {
    let connector = match account.driver.current() {
        Ok(connector) => connector,
        Err(reason) => return Some(Shown::Failed(reason)),
    };
    let calls = Calls::new(account, connector, account.cx.settings.attempt_timeout);
    match calls.list().await {
        Ok(Ok(list)) => Some(Shown::List(Arc::from(list))),
        Ok(Err(failure)) => Some(match failure.class {
            Class::Unreachable | Class::OutcomeUnknown | Class::Busy | Class::Auth => {
                Shown::Failed(policy::reason(&failure))
            }
            _ => Shown::OneByOne,
        }),
        Err(Cut::NotBegun | Cut::Untrusted) => None,
        Err(cut @ (Cut::TimedOut | Cut::Panicked)) => Some(Shown::Failed(cut.reason())),
    }
}

/// What a list shows of a link. `None`: it cannot be told from it.
pub(crate) async fn listed(account: &Account, list: &Arc<dyn Listing>, task: &Task) -> Option<Found> {
    let connector = account.driver.current().ok()?;
    let calls = Calls::new(account, connector, account.cx.settings.attempt_timeout);
    calls.listed(list.clone(), remote(task)).await.ok()?.ok()
}

/// CREATE and EDIT are the same to a connector: the service as wished. What an earlier attempt did already is not
/// done again.
async fn ensure(calls: &Calls<'_>, observe_first: bool, task: Task) -> Outcome {
    let mut known = remote(&task);
    let Some(wish) = task.wish else {
        return refused(Code::NoPortMapping, "the link's connection points are not known");
    };
    if observe_first {
        match look(calls, &known).await {
            Look::Ended(outcome) => return outcome,
            Look::Absent => {}
            Look::Found(found) if is_as_wished(&found) => return Outcome::Done { found: Some(found) },
            Look::Found(found) => {
                known.service_id = found.service_id.or(known.service_id);
                known.conn_info = found.conn_info.or(known.conn_info);
            }
        }
    }
    let desired = Desired { link: task.link, name: task.name, wish };
    match calls.ensure(desired, known).await {
        Ok(answer) => policy::outcome_of_found(answer),
        Err(cut) => cut.while_changing(),
    }
}

/// Controllers cannot fence, so the lease is confirmed right before the call: what is removed must be ours to remove.
async fn remove(account: &Account, calls: &Calls<'_>, observe_first: bool, task: &Task) -> Outcome {
    let known = remote(task);
    if observe_first {
        match look(calls, &known).await {
            Look::Ended(outcome) => return outcome,
            Look::Absent => return Outcome::Done { found: None },
            Look::Found(_) => {}
        }
    }
    match calls.within(account.cx.line.confirm(account.holding)).await {
        Ok(true) => {}
        Ok(false) | Err(_) => return Cut::NotBegun.while_changing(),
    }
    match calls.remove(known).await {
        Ok(answer) => policy::outcome_of_removal(answer),
        Err(cut) => cut.while_changing(),
    }
}

async fn find(calls: &Calls<'_>, task: &Task) -> Outcome {
    match look(calls, &remote(task)).await {
        Look::Ended(outcome) => outcome,
        Look::Absent => refused(Code::NotFound, "no such service is at the controller"),
        Look::Found(found) => Outcome::Done { found: Some(found) },
    }
}

enum Look {
    Found(Found),
    Absent,
    /// It could not be told; the attempt ends so.
    Ended(Outcome),
}

async fn look(calls: &Calls<'_>, known: &Remote) -> Look {
    match calls.observe(known).await {
        Ok(Ok(Found { status: None, .. }) | Err(Failure { class: Class::NotFound, .. })) => Look::Absent,
        Ok(Ok(found)) => Look::Found(found),
        Ok(Err(failure)) => Look::Ended(policy::outcome_of_failure(&failure)),
        Err(cut) => Look::Ended(cut.while_looking()),
    }
}

/// A connector that sees something else than the wish says so, by the status or by a reason.
fn is_as_wished(found: &Found) -> bool {
    found.status == Some(LinkStatus::Active) && found.reason.is_none()
}

fn remote(task: &Task) -> Remote {
    let wish: Option<ResolvedWish> = task.wish.clone();
    Remote { link: task.link, service_id: task.service_id.clone(), conn_info: task.conn_info.clone(), wish }
}

fn refused(code: Code, detail: &str) -> Outcome {
    Outcome::Refused { reason: Reason::new(code, detail) }
}
