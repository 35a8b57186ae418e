//! Cases of the roster: what each answer does, in which state it finds an account.

use super::*;
use wanlink_wire::lease::LeaseAnswer;

const TERM: Duration = Duration::from_secs(18);

fn session() -> SessionId {
    SessionId::parse("00000000-0000-7000-8000-0000000000aa").expect("an id")
}

fn account() -> AccountId {
    AccountId::parse("00000000-0000-7000-8000-0000000000bb").expect("an id")
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn held(epoch: i64) -> Holding {
    holding(account(), epoch)
}

fn renewed(sequence: u64, answers: &[(i64, Lease)]) -> Renewed {
    let answers = answers.iter().map(|&(epoch, answer)| LeaseAnswer { account: account(), epoch, answer });
    Renewed { session: session(), sequence, unknown: false, answers: answers.collect(), more: false }
}

/// Registered, and with renewal 1 sent at 1 s.
fn registered() -> Roster {
    let mut roster = Roster::new(session(), TERM);
    roster.register(at(0));
    assert_eq!(roster.answer(&renewed(0, &[])), [Step::Hurry]);
    roster.renew(at(1), |_| false);
    roster
}

fn holding_epoch(epoch: i64) -> Roster {
    let mut roster = registered();
    let steps = roster.answer(&renewed(1, &[(epoch, Lease::Granted)]));
    assert_eq!(steps, [Step::Start(held(epoch), Trust::mint(at(1), TERM))]);
    roster
}

#[test]
fn an_ok_extends_from_the_sending_of_the_renewal_that_it_answers() {
    let mut roster = holding_epoch(3);
    assert_eq!(roster.renew(at(6), |_| true).idle, [account()]);
    roster.renew(at(11), |_| false);
    let later = Trust::mint(at(11), TERM);
    assert_eq!(roster.answer(&renewed(3, &[(3, Lease::Ok)])), [Step::Extend(held(3), later)]);
    assert_eq!(
        roster.answer(&renewed(2, &[(3, Lease::Ok)])),
        [Step::Extend(held(3), later)],
        "late: no shorter"
    );
    assert_eq!(roster.answer(&renewed(99, &[(3, Lease::Ok)])), [], "never sent: proves nothing");
    assert_eq!(roster.answer(&renewed(3, &[(2, Lease::Ok)])), [], "another epoch");
}

#[test]
fn bad_action_ends_and_is_said_to_be_released_until_an_answer_came() {
    let mut roster = holding_epoch(3);
    assert_eq!(roster.answer(&renewed(1, &[(2, Lease::BadAction)])), [], "an epoch that is not ours");
    assert_eq!(roster.answer(&renewed(1, &[(3, Lease::BadAction)])), [Step::End(held(3))]);
    let between = roster.renew(at(2), |_| false);
    assert!(between.holdings.is_empty() && between.released.is_empty(), "still dropping its calls");
    roster.ended(held(3));
    assert!(roster.has_news());
    assert_eq!(roster.renew(at(3), |_| false).released, [held(3)]);
    assert!(!roster.has_news() && !roster.is_empty());
    roster.answer(&renewed(2, &[]));
    assert_eq!(roster.renew(at(4), |_| false).released, [held(3)], "the answer was to an earlier renewal");
    roster.answer(&renewed(3, &[]));
    assert!(roster.is_empty());
}

#[test]
fn a_grant_is_taken_once_and_not_while_an_earlier_epoch_is_on_its_way_out() {
    let mut roster = holding_epoch(3);
    let again = roster.answer(&renewed(1, &[(3, Lease::Granted)]));
    assert_eq!(again, [Step::Extend(held(3), Trust::mint(at(1), TERM))]);
    assert_eq!(roster.answer(&renewed(1, &[(2, Lease::Granted)])), [], "older than ours");
    assert_eq!(roster.answer(&renewed(1, &[(5, Lease::Granted)])), [Step::End(held(3))], "newer than ours");
    assert_eq!(roster.answer(&renewed(1, &[(5, Lease::Granted)])), [], "ours is not out yet");
    roster.ended(held(3));
    let next = roster.answer(&renewed(1, &[(3, Lease::Granted), (5, Lease::Granted)]));
    assert_eq!(next, [Step::Start(held(5), Trust::mint(at(1), TERM))]);
}

#[test]
fn a_session_that_is_not_known_gives_everything_up_and_registers_again() {
    let mut roster = holding_epoch(3);
    let unknown = Renewed { unknown: true, ..renewed(1, &[]) };
    assert_eq!(roster.answer(&unknown), [Step::End(held(3)), Step::Hurry]);
    assert!(!roster.is_registered());
    assert_eq!(roster.answer(&unknown), [], "said already");
    roster.register(at(20));
    roster.register(at(22));
    let granted = roster.answer(&renewed(0, &[(7, Lease::Granted)]));
    assert_eq!(granted, [Step::Hurry], "the earlier epoch is not out yet");
    roster.ended(held(3));
    let granted = roster.answer(&renewed(0, &[(7, Lease::Granted)]));
    assert_eq!(granted, [Step::Start(held(7), Trust::mint(at(20), TERM))], "trust from the first sending");
}

#[test]
fn while_draining_grants_are_given_back() {
    let mut roster = holding_epoch(3);
    roster.drain();
    let other = AccountId::parse("00000000-0000-7000-8000-0000000000cc").expect("an id");
    let mut answer = renewed(1, &[(3, Lease::Ok)]);
    answer.answers.push(LeaseAnswer { account: other, epoch: 1, answer: Lease::Granted });
    assert_eq!(roster.answer(&answer), [Step::Extend(held(3), Trust::mint(at(1), TERM))]);
    let renew = roster.renew(at(2), |_| false);
    assert!(!renew.draining, "the word that ends all epochs waits for what still runs");
    assert_eq!(renew.released, [holding(other, 1)]);
    assert_eq!(renew.holdings, [held(3)]);
    roster.ended(held(3));
    assert!(roster.renew(at(3), |_| false).draining);
}

#[test]
fn another_session_s_answer_is_none_of_ours() {
    let mut roster = holding_epoch(3);
    let other = SessionId::parse("00000000-0000-7000-8000-0000000000dd").expect("an id");
    let foreign = Renewed { session: other, unknown: true, ..renewed(1, &[(3, Lease::BadAction)]) };
    assert_eq!(roster.answer(&foreign), []);
}
