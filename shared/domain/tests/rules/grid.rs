//! The committed grid of states and events against what `decide` does.
//!
//! `tests/grid.txt` is the state machine as people review it. A change of the machine shows as a difference here and
//! as a changed line there. The states and events are enumerated by exhaustive matches, so that a new variant does
//! not compile before it has its place in the grid. `WANLINK_WRITE_GRID=1` writes the file anew.

use crate::samples::{START, action, found, reason};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;
use wanlink_domain::action::{
    Action, ActionKind, ActionState, Decision, Due, Event, Ignored, Outcome, decide,
};
use wanlink_domain::budget::Budgets;
use wanlink_domain::link::LinkStatus;
use wanlink_domain::reason::Code;
use wanlink_domain::time::Timestamp;

const MIDDLE: u64 = u64::MAX / 2;

/// The events' succession in the grid: each variant names the one after it.
fn after(event: Option<Event>) -> Option<Event> {
    let report = |outcome| Some(Event::Report(outcome));
    match event {
        None => Some(Event::Claim),
        Some(Event::Claim) => report(Outcome::Done { found: None }),
        Some(Event::Report(outcome)) => match outcome {
            Outcome::Done { .. } => report(Outcome::Building { found: found(Some(LinkStatus::Build)) }),
            Outcome::Building { .. } => {
                report(Outcome::Retry { reason: reason(Code::Busy), after_ms: Some(7_000) })
            }
            Outcome::Retry { reason: why, .. } if why.code == Code::Busy => {
                report(Outcome::Retry { reason: reason(Code::Unreachable), after_ms: None })
            }
            Outcome::Retry { reason: why, .. } if why.code == Code::Unreachable => {
                report(Outcome::Retry { reason: reason(Code::Vanished), after_ms: None })
            }
            Outcome::Retry { .. } => report(Outcome::Refused { reason: reason(Code::Rejected) }),
            Outcome::Refused { .. } => report(Outcome::Unknown { reason: reason(Code::Timeout) }),
            Outcome::Unknown { .. } => Some(Event::Lost),
        },
        Some(Event::Lost) => Some(Event::Needless),
        Some(Event::Needless) => Some(Event::Supersede),
        Some(Event::Supersede) => Some(Event::Cancel),
        Some(Event::Cancel) => Some(Event::Fail(reason(Code::NetworkFailed))),
        Some(Event::Fail(_)) => None,
    }
}

fn event_name(event: &Event) -> String {
    match event {
        Event::Claim => "claim".to_owned(),
        Event::Report(outcome) => match outcome {
            Outcome::Done { .. } => "report done".to_owned(),
            Outcome::Building { .. } => "report building".to_owned(),
            Outcome::Retry { reason, .. } => format!("report retry, {}", reason.code.as_str()),
            Outcome::Refused { .. } => "report refused".to_owned(),
            Outcome::Unknown { .. } => "report unknown".to_owned(),
        },
        Event::Lost => "lost".to_owned(),
        Event::Needless => "needless".to_owned(),
        Event::Supersede => "supersede".to_owned(),
        Event::Cancel => "cancel".to_owned(),
        Event::Fail(_) => "fail".to_owned(),
    }
}

fn state_name(state: ActionState) -> &'static str {
    match state {
        ActionState::Scheduled => "SCHEDULED",
        ActionState::Running => "RUNNING",
        ActionState::Build => "BUILD",
        ActionState::Retry => "RETRY",
        ActionState::Done => "DONE",
        ActionState::Failed => "FAILED",
        ActionState::Superseded => "SUPERSEDED",
        ActionState::Cancelled => "CANCELLED",
    }
}

/// A title, a change to the action, and how late it is.
type Circumstance = (&'static str, fn(&mut Action), Duration);

/// The circumstances under which the whole grid is drawn.
fn circumstances(budgets: &Budgets) -> Vec<Circumstance> {
    vec![
        ("nothing special", |_| {}, Duration::ZERO),
        ("the next attempt must observe first", |action| action.observe_first = true, Duration::ZERO),
        (
            "not due yet, and no prompt was sent",
            |action| action.due_at = action.due_at.map(|due| due.after(Duration::from_secs(30))),
            Duration::ZERO,
        ),
        ("claimed as often as may be without a report", |action| action.claims = 8, Duration::ZERO),
        ("failed as often as may be", |action| action.failures = 20, Duration::ZERO),
        ("an hour after its first failure", |action| action.failing_since = Some(START), budgets.retry),
    ]
}

fn cell(decision: &Decision, now: Timestamp) -> String {
    match decision {
        Decision::Move { to, due, reason, observe_first } => {
            let mut text = state_name(*to).to_owned();
            if let Due::At(at) = due {
                let _ = write!(text, " +{}s", at.since(now).as_secs());
            }
            if let Some(reason) = reason {
                let _ = write!(text, " {}", reason.code.as_str());
            }
            if *observe_first {
                text.push_str(" observe");
            }
            text
        }
        Decision::Ignore(why) => match why {
            Ignored::Finished => "- finished".to_owned(),
            Ignored::Running => "- running".to_owned(),
            Ignored::Building => "- building".to_owned(),
            Ignored::NotYet => "- not yet".to_owned(),
            Ignored::NoAttempt => "- no attempt".to_owned(),
        },
    }
}

fn drawn() -> String {
    let budgets = Budgets::default();
    let mut text = String::from(
        "What each event does to an action in each state, with default budgets and the middle of the jitter.\n\
         A cell: the state it moves to, when it is due again, the reason's code, and whether the next attempt\n\
         observes first; or, after a dash, why nothing changes. The sections behind the first one show only what is\n\
         different there. Compared by tests/rules/grid.rs.\n",
    );
    let mut plain = BTreeSet::new();
    for (title, change, late) in circumstances(&budgets) {
        let _ = write!(text, "\n## {title}\n\n");
        for state in ActionState::ALL {
            let mut event = after(None);
            while let Some(current) = event {
                let mut before = action(1, ActionKind::Create, 1);
                before.state = state;
                if state.is_finished() {
                    before.due_at = None;
                }
                change(&mut before);
                let now = START.after(late);
                let decision = decide(&before, current.clone(), now, MIDDLE, &budgets);
                let line =
                    format!("{:<11}{:<44}{}", state_name(state), event_name(&current), cell(&decision, now));
                let first_section = title == "nothing special";
                if plain.insert(line.clone()) || first_section {
                    text.push_str(&line);
                    text.push('\n');
                }
                event = after(Some(current));
            }
        }
    }
    text
}

#[test]
fn the_state_machine_is_the_committed_grid() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/grid.txt");
    let drawn = drawn();
    if std::env::var_os("WANLINK_WRITE_GRID").is_some() {
        std::fs::write(path, &drawn).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    let mut difference = String::new();
    let (old, new): (Vec<&str>, Vec<&str>) = (committed.lines().collect(), drawn.lines().collect());
    for place in 0..old.len().max(new.len()) {
        let (old, new) = (old.get(place), new.get(place));
        if old != new {
            let _ = writeln!(
                difference,
                "line {}:\n- {}\n+ {}",
                place + 1,
                old.unwrap_or(&""),
                new.unwrap_or(&"")
            );
        }
    }
    assert!(difference.is_empty(), "decide (+) is not the committed grid (-):\n{difference}");
}

/// The moves that the design allows, and the one that it implies: a DELETE that needs no controller is done at once.
#[test]
fn no_cell_leaves_the_design() {
    use ActionState::{Build, Cancelled, Done, Failed, Retry, Running, Scheduled, Superseded};
    let allowed = |from: ActionState| -> &'static [ActionState] {
        match from {
            Scheduled => &[Running, Superseded, Cancelled, Failed, Done],
            Running => &[Done, Failed, Build, Retry],
            Build => &[Done, Failed, Retry, Superseded, Build],
            Retry => &[Running, Failed, Superseded, Cancelled, Done],
            Done | Failed | Superseded | Cancelled => &[],
        }
    };
    let budgets = Budgets::default();
    for (title, change, late) in circumstances(&budgets) {
        for state in ActionState::ALL {
            let mut event = after(None);
            while let Some(current) = event {
                let mut before = action(1, ActionKind::Delete, 1);
                before.state = state;
                change(&mut before);
                if let Decision::Move { to, due, .. } =
                    decide(&before, current.clone(), START.after(late), MIDDLE, &budgets)
                {
                    let told = format!("{title}: {state:?} -> {to:?} on {current:?}");
                    assert!(allowed(state).contains(&to), "{told}");
                    assert_eq!(to.is_finished(), due == Due::Never, "{told}");
                    let needless = matches!(current, Event::Needless);
                    assert!(to != Done || needless == matches!(state, Scheduled | Retry), "{told}");
                }
                event = after(Some(current));
            }
        }
    }
}
