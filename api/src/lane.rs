//! The way into the journal: requests that come while a message is on its way go together with the next one.
//!
//! A message in the journal costs the broker the same whether it carries one request or fifty, so a busy api sends few,
//! and an idle one sends each at once. Each caller is told how the message of its own request ended. Deliberately
//! absent: waiting for the journal's word (`intake`), and sending anything again.

use crate::state::State;
use futures::FutureExt as _;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc, oneshot};
use wanlink_broker::port::{PublishError, Queue};
use wanlink_domain::trace::TraceParent;
use wanlink_runtime::tasks::Tasks;
use wanlink_wire::Message;
use wanlink_wire::account::Prompt;
use wanlink_wire::journal::{NewAction, Requests, Traced};

/// Messages on their way at once.
const LANES: usize = 2;
/// Requests in one message.
const REQUESTS_MAX: usize = 64;
/// Actions in one message, unless one request alone has more.
const ACTIONS_MAX: usize = 256;

/// A request on its way, and who waits for its end.
struct Handed {
    request: Traced,
    sent: oneshot::Sender<Result<(), PublishError>>,
}

/// How calls hand their requests in.
pub struct Lanes {
    handed: mpsc::Sender<Handed>,
}

/// The other end, served by [`serve`].
pub struct Waiting(mpsc::Receiver<Handed>);

impl Lanes {
    /// `calls_max`: as many as may wait.
    pub fn new(calls_max: usize) -> (Self, Waiting) {
        let (handed, waiting) = mpsc::channel(calls_max.max(1));
        (Self { handed }, Waiting(waiting))
    }

    /// Publishes a request to the journal, and its prompts; ends with the broker's confirm.
    pub async fn publish(&self, request: Traced) -> Result<(), PublishError> {
        let stopping = || PublishError::Unavailable("the api is stopping".to_owned());
        let (sent, ended) = oneshot::channel();
        self.handed.send(Handed { request, sent }).await.map_err(|_| stopping())?;
        ended.await.map_err(|_| stopping())?
    }
}

/// Sends what is handed in until the tasks are stopped.
pub fn serve(state: &Arc<State>, Waiting(waiting): Waiting, tasks: &Tasks) {
    let waiting = Arc::new(Mutex::new(waiting));
    for _ in 0..LANES {
        tasks.spawn(lane(state.clone(), waiting.clone(), tasks.clone()));
    }
}

async fn lane(state: Arc<State>, waiting: Arc<Mutex<mpsc::Receiver<Handed>>>, tasks: Tasks) {
    loop {
        let bundle = tokio::select! {
            biased;
            () = tasks.stopped() => return,
            bundle = next_bundle(&waiting) => bundle,
        };
        let Some(bundle) = bundle else { return };
        let (requests, waiters): (Vec<Traced>, Vec<_>) =
            bundle.into_iter().map(|handed| (handed.request, handed.sent)).unzip();
        let ended = publish(&state, requests).await;
        for waiter in waiters {
            // A call that ran out of time has said so; what became of its request stands in the record.
            let _ = waiter.send(ended.clone());
        }
    }
}

/// What waits, up to the limits of one message. Requests of calls that are over are left out: nothing was said of them.
async fn next_bundle(waiting: &Mutex<mpsc::Receiver<Handed>>) -> Option<Vec<Handed>> {
    let mut waiting = waiting.lock().await;
    let mut bundle = Vec::new();
    let mut actions = 0;
    while bundle.len() < REQUESTS_MAX && actions < ACTIONS_MAX {
        let next = if bundle.is_empty() {
            waiting.recv().await?
        } else {
            match waiting.try_recv() {
                Ok(next) => next,
                Err(_) => break,
            }
        };
        if !next.sent.is_closed() {
            actions += next.request.request.actions.len();
            bundle.push(next);
        }
    }
    Some(bundle)
}

/// The journal's message and the prompts at the same time; only the former is waited for. Nothing more is sent
/// where the broker refuses the former at once.
async fn publish(state: &State, mut requests: Vec<Traced>) -> Result<(), PublishError> {
    let known = state.catalogue.known();
    let prompts: Vec<(Option<TraceParent>, Queue, Prompt)> = requests
        .iter()
        .flat_map(|it| it.request.actions.iter().map(move |action| (it, action)))
        // What is paused is not prompted; lifting that makes it due.
        .filter(|(_, action)| !known.held(action.account_id))
        .map(|(request, action)| prompt(request, action))
        .collect();
    let (trace, message): (_, Message) = match requests.pop() {
        Some(only) if requests.is_empty() => (only.trace, only.request.into()),
        last => {
            requests.extend(last);
            (None, Requests { requests }.into())
        }
    };
    let mut journal = state.publisher.publish(state.traced(Queue::Journal, trace, message, true));
    let early = (&mut journal).now_or_never();
    if let Some(Err(error)) = early {
        return Err(error);
    }
    let prompts = async {
        for (trace, queue, prompt) in prompts {
            let action = prompt.action;
            let message = state.traced(queue, trace, prompt.into(), false);
            if let Err(error) = state.publisher.publish_unwaited(message).await {
                // The record dispatches what is not prompted.
                tracing::debug!(%error, %action, "a prompt was not sent");
                return;
            }
        }
    };
    match early {
        Some(outcome) => {
            prompts.await;
            outcome
        }
        None => futures::join!(journal, prompts).0,
    }
}

fn prompt(of: &Traced, action: &NewAction) -> (Option<TraceParent>, Queue, Prompt) {
    let prompt = Prompt {
        request: of.request.id,
        action: action.id,
        link: action.link_id,
        kind: action.kind,
        accepted_at: action.accepted_at,
    };
    (of.trace, Queue::Account(action.account_id), prompt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use wanlink_domain::accepted::AcceptedAt;
    use wanlink_domain::action::ActionKind;
    use wanlink_domain::ids::{AccountId, ActionId, LinkId, RequestId, TenantId};
    use wanlink_domain::time::Timestamp;
    use wanlink_wire::journal::{Change, Request};

    type Ended = oneshot::Receiver<Result<(), PublishError>>;

    fn request(actions: usize) -> (Handed, Ended) {
        let action = NewAction {
            id: ActionId(Uuid::nil()),
            link_id: LinkId(Uuid::nil()),
            account_id: AccountId(Uuid::nil()),
            kind: ActionKind::Delete,
            accepted_at: AcceptedAt(1),
            change: Change::Keep,
        };
        let request = Request {
            id: RequestId(Uuid::nil()),
            tenant_id: TenantId(Uuid::nil()),
            digest: String::new(),
            accepted_at: Timestamp(1),
            not_after: None,
            service: None,
            actions: vec![action; actions],
        };
        let (sent, ended) = oneshot::channel();
        (Handed { request: Traced { trace: None, request }, sent }, ended)
    }

    /// How many requests each message takes of those that wait.
    async fn bundles(waiting: Vec<Handed>) -> Vec<usize> {
        let (handed, receiver) = mpsc::channel(waiting.len());
        for one in waiting {
            assert!(handed.try_send(one).is_ok());
        }
        drop(handed);
        let receiver = Mutex::new(receiver);
        let mut sizes = Vec::new();
        while let Some(bundle) = next_bundle(&receiver).await {
            sizes.push(bundle.len());
        }
        sizes
    }

    #[tokio::test]
    async fn what_waits_goes_together_within_the_limits_of_a_message() {
        for (waiting, expected) in [
            (vec![1], vec![1]),
            (vec![1; REQUESTS_MAX], vec![REQUESTS_MAX]),
            (vec![1; REQUESTS_MAX + 3], vec![REQUESTS_MAX, 3]),
            (vec![ACTIONS_MAX, 1], vec![1, 1]),
            (vec![1, 1_000, 1, 1], vec![2, 2]),
            (vec![100, 100, 100, 100], vec![3, 1]),
        ] {
            let (waiting, ends): (Vec<_>, Vec<_>) = waiting.into_iter().map(request).unzip();
            assert_eq!(bundles(waiting).await, expected);
            drop(ends);
        }
    }

    #[tokio::test]
    async fn a_call_that_is_over_sends_nothing() {
        let (first, first_ends) = request(1);
        let (second, second_ends) = request(1);
        drop(first_ends);
        assert_eq!(bundles(vec![first, second]).await, [1]);
        drop(second_ends);
    }
}
