//! What becomes of a delivery when its work has ended, in whichever way it did.
//!
//! A delivery that nobody settles stays with its consumer and takes one of its places for good, so the end of the
//! work and the settling are apart: the work says how it ended, and even a panic of it ends here.

use crate::session::Line;
use tokio_util::task::AbortOnDropHandle;
use wanlink_broker::port::Delivery;
use wanlink_runtime::tasks::Tasks;
use wanlink_wire::lease::Holding;

/// How the work on a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The record has what there is to know, or brings it back.
    Settled,
    /// The worker drains: with its consumer's close the delivery goes back to its queue.
    Left,
    /// This epoch cannot bring it to its end: the epoch ends, and everything unsettled comes again under the next,
    /// where an attempt that may have begun counts as lost.
    EpochOver,
}

/// Runs the work on a delivery and settles it; `if_panicked` is how a panic of the work ends it.
pub(crate) async fn follow(
    (tasks, line, holding): (&Tasks, &Line, Holding),
    delivery: Delivery,
    if_panicked: Ending,
    work: impl Future<Output = Ending> + Send + 'static,
) {
    // In a task of its own, so that its panic is seen here.
    let ending = match AbortOnDropHandle::new(tasks.spawn(work)).await {
        Ok(ending) => ending,
        Err(error) => {
            tracing::error!(account = %holding.account, panicked = error.is_panic(), "work on a delivery broke off");
            if_panicked
        }
    };
    match ending {
        Ending::Settled => drop(delivery.ack().await),
        Ending::Left => {}
        Ending::EpochOver => line.give_up(holding).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Call;
    use async_trait::async_trait;
    use bytes::Bytes;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use wanlink_broker::port::{Settle, Settled};
    use wanlink_domain::ids::AccountId;

    struct Counted(Arc<AtomicU32>);

    #[async_trait]
    impl Settle for Counted {
        async fn ack(self: Box<Self>) -> Settled {
            self.0.fetch_add(1, Ordering::SeqCst);
            Settled::Sent
        }

        async fn give_back(self: Box<Self>) -> Settled {
            Settled::Sent
        }
    }

    /// Acknowledgements, and whether the epoch was ended.
    async fn settled(
        if_panicked: Ending,
        work: impl Future<Output = Ending> + Send + 'static,
    ) -> (u32, bool) {
        let (line, mut calls) = Line::new();
        let holding = Holding { account: AccountId(uuid::Uuid::from_u128(1)), epoch: 3 };
        let acks = Arc::new(AtomicU32::new(0));
        let delivery = Delivery::new(Bytes::new(), false, None, Box::new(Counted(acks.clone())));
        follow((&Tasks::new(), &line, holding), delivery, if_panicked, work).await;
        let over = matches!(calls.try_recv(), Ok(Call::End(ended)) if ended == holding);
        (acks.load(Ordering::SeqCst), over)
    }

    #[tokio::test]
    async fn every_ending_settles_its_delivery_in_its_way() {
        let wanted =
            [(Ending::Settled, (1, false)), (Ending::Left, (0, false)), (Ending::EpochOver, (0, true))];
        for (ending, told) in wanted {
            assert_eq!(settled(Ending::Left, async move { ending }).await, told, "{ending:?}");
        }
    }

    #[tokio::test]
    async fn a_panic_leaves_no_delivery_unsettled() {
        assert_eq!(settled(Ending::EpochOver, async { panic!("expected by the test") }).await, (0, true));
        assert_eq!(settled(Ending::Settled, async { panic!("expected by the test") }).await, (1, false));
    }
}
