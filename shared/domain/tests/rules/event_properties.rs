//! Any history of one request's actions, likely or not: counters add up, ends are final, nothing is forgotten.

use crate::book::Book;
use crate::samples::{action, found, id, reason};
use proptest::prelude::*;
use std::time::Duration;
use wanlink_domain::action::{ActionKind, ActionState, Event, Outcome};
use wanlink_domain::ids::ActionId;
use wanlink_domain::link::LinkStatus;
use wanlink_domain::reason::Code;

#[derive(Clone, Debug)]
pub enum Step {
    Claim,
    Event(Event),
    Wait(u64),
}

pub fn outcome() -> impl Strategy<Value = Outcome> {
    let code =
        prop::sample::select(vec![Code::Busy, Code::Unreachable, Code::Vanished, Code::ControllerInternal]);
    prop_oneof![
        prop::option::of(Just(found(Some(LinkStatus::Active)))).prop_map(|found| Outcome::Done { found }),
        Just(Outcome::Building { found: found(Some(LinkStatus::Build)) }),
        (code, prop::option::of(0u64..1_000_000))
            .prop_map(|(code, after_ms)| Outcome::Retry { reason: reason(code), after_ms }),
        Just(Outcome::Refused { reason: reason(Code::Rejected) }),
        Just(Outcome::Unknown { reason: reason(Code::Timeout) }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Claim),
        4 => outcome().prop_map(|outcome| Step::Event(Event::Report(outcome))),
        1 => Just(Step::Event(Event::Lost)),
        1 => Just(Step::Event(Event::Supersede)),
        1 => Just(Step::Event(Event::Cancel)),
        1 => Just(Step::Event(Event::Fail(reason(Code::NetworkFailed)))),
        3 => (0u64..400).prop_map(Step::Wait),
    ]
}

fn kind() -> impl Strategy<Value = ActionKind> {
    prop::sample::select(ActionKind::ALL.to_vec())
}

proptest! {
    #[test]
    fn counters_add_up_ends_are_final_and_everything_unfinished_is_due(
        kinds in prop::collection::vec(kind(), 1..6),
        steps in prop::collection::vec((0usize..6, step()), 0..60),
    ) {
        let mut book = Book::new();
        for (place, kind) in kinds.iter().enumerate() {
            book.record(action(place as u128 + 1, *kind, place as i64));
        }
        for (place, step) in steps {
            let target = id::<ActionId>((place % kinds.len()) as u128 + 1);
            let before = book.actions.clone();
            match step {
                Step::Claim => book.claim(target),
                Step::Event(event) => book.apply(target, event),
                Step::Wait(seconds) => book.wait(Duration::from_secs(seconds)),
            }
            for (old, new) in before.iter().zip(&book.actions) {
                prop_assert!(!old.state.is_finished() || old == new, "{:?} did not stay {:?}", new, old.state);
            }
            check(&book)?;
        }
    }

    /// Once something may be at the controller unseen, no definite answer, wait or loss makes that be forgotten:
    /// only an attempt that was told to observe first and that ended well clears it.
    #[test]
    fn the_need_to_observe_survives_until_an_attempt_has_looked(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let mut book = Book::new();
        book.record(action(1, ActionKind::Create, 1));
        let target = id::<ActionId>(1);
        for step in steps {
            let before = book.get(target).clone();
            match step {
                Step::Claim => book.claim(target),
                Step::Event(event) => book.apply(target, event),
                Step::Wait(seconds) => book.wait(Duration::from_secs(seconds)),
            }
            let now = book.get(target);
            let looked = matches!(now.state, ActionState::Build) || now.state.is_finished();
            prop_assert!(!before.observe_first || now.observe_first || looked, "{:?} -> {:?}", before, now);
            let lost = before.state == ActionState::Running && now.state == ActionState::Retry;
            let sent = now.reason.as_ref().is_some_and(|why| matches!(why.code, Code::AttemptLost | Code::Timeout));
            prop_assert!(!(lost && sent) || now.observe_first, "{:?} -> {:?}", before, now);
        }
    }
}

pub fn check(book: &Book) -> Result<(), TestCaseError> {
    let request = &book.request;
    prop_assert_eq!(request.total as usize, book.actions.len());
    prop_assert_eq!(request.open() as usize, book.open().len());
    let count = |state| book.actions.iter().filter(|action| action.state == state).count() as i32;
    prop_assert_eq!(request.done, count(ActionState::Done));
    prop_assert_eq!(request.failed, count(ActionState::Failed));
    prop_assert_eq!(request.superseded, count(ActionState::Superseded));
    prop_assert_eq!(request.cancelled, count(ActionState::Cancelled));
    for action in &book.actions {
        prop_assert_eq!(action.state.is_finished(), action.due_at.is_none(), "{:?}", action);
        prop_assert_eq!(action.state.is_finished(), action.finished_at.is_some(), "{:?}", action);
        let explained =
            matches!(action.state, ActionState::Failed | ActionState::Superseded | ActionState::Cancelled);
        prop_assert!(!explained || action.reason.is_some(), "ended without a reason: {:?}", action);
    }
    Ok(())
}
