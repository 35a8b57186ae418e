//! Accepted order (design 4) and races 17 and 18: whatever order actions are recorded in and whenever they are
//! claimed, lost, retried or built, they take effect in accepted order, and nothing runs behind a DELETE.

use crate::book::Book;
use crate::event_properties::check;
use crate::samples::{action, found, reason};
use proptest::prelude::*;
use std::time::Duration;
use wanlink_domain::action::{Action, ActionKind, ActionState, Event, Outcome};
use wanlink_domain::link::LinkStatus;
use wanlink_domain::reason::Code;

#[derive(Clone, Debug)]
enum Step {
    /// Record the next action of the shuffled list.
    Record,
    /// Claim one of those that are not finished.
    Claim(usize),
    /// The attempt (or the poll) comes back.
    Report(usize, Outcome),
    Lost(usize),
    Cancel(usize),
    Wait(u64),
}

/// Outcomes after which an action goes on or is done; a DELETE is never refused here (see below).
fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        3 => Just(Outcome::Done { found: None }),
        1 => Just(Outcome::Building { found: found(Some(LinkStatus::Build)) }),
        1 => Just(Outcome::Retry { reason: reason(Code::Busy), after_ms: None }),
        1 => Just(Outcome::Unknown { reason: reason(Code::Timeout) }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let which = 0usize..8;
    prop_oneof![
        3 => Just(Step::Record),
        4 => which.clone().prop_map(Step::Claim),
        4 => (which.clone(), outcome()).prop_map(|(which, outcome)| Step::Report(which, outcome)),
        1 => which.clone().prop_map(Step::Lost),
        1 => which.prop_map(Step::Cancel),
        2 => (0u64..30).prop_map(Step::Wait),
    ]
}

/// The actions of one link in accepted order: a CREATE, then anything.
fn accepted() -> impl Strategy<Value = Vec<Action>> {
    let kind = prop::sample::select(vec![
        ActionKind::Edit,
        ActionKind::Edit,
        ActionKind::Edit,
        ActionKind::Execute,
        ActionKind::Delete,
    ]);
    prop::collection::vec((kind, 0i64..3), 0..7).prop_map(|rest| {
        let mut at = 1;
        let mut actions = vec![action(1, ActionKind::Create, at)];
        for (place, (kind, gap)) in rest.into_iter().enumerate() {
            // A gap of 0: accepted at the same time, told apart by the id.
            at += gap;
            actions.push(action(place as u128 + 2, kind, at));
        }
        actions
    })
}

/// The CREATE makes the link's record; the rest may be recorded in any order after it.
fn shuffled() -> impl Strategy<Value = Vec<Action>> {
    accepted().prop_flat_map(|actions| {
        let (create, rest) = (actions[0].clone(), actions[1..].to_vec());
        Just(rest).prop_shuffle().prop_map(move |mut rest| {
            rest.insert(0, create.clone());
            rest
        })
    })
}

fn play(book: &mut Book, waiting: &mut Vec<Action>, step: Step) {
    let target = |book: &Book, which: usize| {
        let open = book.open();
        open.get(which % open.len().max(1)).map(|action| action.id)
    };
    match step {
        Step::Record => {
            if !waiting.is_empty() {
                let next = waiting.remove(0);
                book.record(next);
            }
        }
        Step::Claim(which) => {
            if let Some(id) = target(book, which) {
                book.claim(id);
            }
        }
        Step::Report(which, outcome) => {
            if let Some(id) = target(book, which) {
                book.apply(id, Event::Report(outcome));
            }
        }
        Step::Lost(which) => {
            if let Some(id) = target(book, which) {
                book.apply(id, Event::Lost);
            }
        }
        // A DELETE that is called off stands no more, and then later ones may run: not what is looked at here.
        Step::Cancel(which) => {
            if let Some(id) = target(book, which).filter(|id| book.get(*id).kind != ActionKind::Delete) {
                book.apply(id, Event::Cancel);
            }
        }
        Step::Wait(seconds) => book.wait(Duration::from_secs(seconds)),
    }
}

/// What must hold at every moment.
fn hold(book: &Book) -> Result<(), TestCaseError> {
    check(book)?;
    let running = book.actions.iter().filter(|action| action.state == ActionState::Running).count();
    prop_assert!(running <= 1, "two run at once: {:?}", book.actions);
    let deletes = book.runs.iter().position(|(_, kind)| *kind == ActionKind::Delete);
    let (before, behind) = book.runs.split_at(deletes.unwrap_or(book.runs.len()));
    prop_assert!(before.is_sorted_by_key(|(order, _)| *order), "out of order: {:?}", book.runs);
    prop_assert!(
        behind.iter().all(|(_, kind)| *kind == ActionKind::Delete),
        "behind a DELETE: {:?}",
        book.runs
    );
    prop_assert!(book.late_runs.is_empty(), "begun although a DELETE stands: {:?}", book.late_runs);
    prop_assert!(
        !book.buried || book.link.status == LinkStatus::Deleted,
        "risen from the dead: {:?}",
        book.link
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn effects_come_in_accepted_order_and_nothing_behind_a_delete(
        mut waiting in shuffled(),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut book = Book::new();
        let deleting = waiting.iter().any(|action| action.kind == ActionKind::Delete);
        let first = waiting.remove(0);
        book.record(first);
        for step in steps {
            play(&mut book, &mut waiting, step);
            hold(&book)?;
        }
        // Faults stop, everything is recorded: it settles.
        for _ in 0..100 {
            if waiting.is_empty() && book.open().is_empty() {
                break;
            }
            play(&mut book, &mut waiting, Step::Record);
            book.wait(Duration::from_secs(600));
            for action in book.open() {
                book.claim(action.id);
                book.apply(action.id, Event::Report(Outcome::Done { found: None }));
                hold(&book)?;
            }
        }
        prop_assert!(book.open().is_empty(), "it does not settle: {:?}", book.open());
        if deleting {
            prop_assert_eq!(book.link.status, LinkStatus::Deleted);
            let done = |action: &&Action| action.kind == ActionKind::Delete && action.state != ActionState::Done;
            prop_assert_eq!(book.actions.iter().find(done), None, "every DELETE is done");
        }
    }

    /// The link's last effective wish is that of the latest accepted action that was not refused or called off.
    #[test]
    fn the_latest_accepted_wish_is_the_last_that_takes_effect(mut waiting in shuffled()) {
        waiting.retain(|action| !matches!(action.kind, ActionKind::Delete | ActionKind::Execute));
        let newest = waiting.iter().map(Action::order).max();
        let mut book = Book::new();
        for next in waiting {
            book.record(next);
            for open in book.open() {
                book.claim(open.id);
                book.apply(open.id, Event::Report(Outcome::Done { found: None }));
            }
        }
        prop_assert_eq!(book.runs.last().map(|(order, _)| *order), newest);
    }
}
