//! Changes of work in progress: calling a request off, and sending a parked message again.

use super::{After, applied, refused};
use crate::context::Context;
use crate::parked;
use crate::work::Work;
use wanlink_broker::port::Address;
use wanlink_domain::action::Event;
use wanlink_domain::ids::{ParkedId, RequestId};
use wanlink_domain::reason::Code;
use wanlink_store::port::{StoreError, Transaction};
use wanlink_wire::conductor::CommandResult;

/// Ends what of a request has not begun. What runs or is built goes on: an operator who wants it gone deletes it.
pub async fn cancel(
    context: &Context,
    tx: &mut dyn Transaction,
    request: RequestId,
    after: &mut After,
) -> Result<CommandResult, StoreError> {
    if tx.requests(&[request]).await?.is_empty() {
        return Ok(refused(Code::NotFound, format!("request {request} does not exist")));
    }
    let links = tx.links_of_request(request).await?;
    let mut work =
        Work::load(tx, links.iter().copied(), &context.settings.budgets, context.entropy.as_ref()).await?;
    for link in links {
        for action in work.unfinished(link).into_iter().filter(|action| action.request_id == request) {
            // What is past cancelling stays as it is, and the request's counters say so.
            let _ = work.apply(action.id, Event::Cancel, None);
        }
    }
    after.prompts = work.write(tx).await?.prompts;
    Ok(applied(None))
}

/// Publishes a parked message to the queue it came from. It is marked only once the broker has it; a crash in
/// between sends it twice, which every consumer bears.
pub async fn replay(
    context: &Context,
    tx: &mut dyn Transaction,
    id: ParkedId,
) -> Result<CommandResult, StoreError> {
    let Some(message) = tx.lock_parked(id).await? else {
        return Ok(refused(Code::NotFound, format!("parked message {id} does not exist")));
    };
    let (Some(queue), Some(payload)) = (parked::queue(&message.origin), parked::payload(&message)) else {
        let detail = format!("parked message {id} came from {:?}: there is no such queue", message.origin);
        return Ok(refused(Code::Invalid, detail));
    };
    if let Err(error) = context.publish(Address::Queue(queue), payload).await {
        return Ok(refused(
            Code::Unavailable,
            format!("parked message {id} could not be sent again: {error}"),
        ));
    }
    let now = tx.now().await?;
    tx.mark_replayed(id, now).await?;
    Ok(applied(None))
}
