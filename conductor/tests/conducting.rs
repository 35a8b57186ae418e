//! What a conductor answers and records, seen from the outside: over a real database file and the in-process broker.
//! Numbers in brackets are rows of the list of races that this system must bear.

mod stage;

use stage::{
    ACCOUNT, OTHER_SESSION, SESSION, Stage, action, creation, deletion, fresh, network, renewal, request,
    sealed, settings, tenant, wish, wish_over,
};
use std::time::Duration;
use wanlink_broker::port::{Broker, Queue};
use wanlink_domain::action::{ActionKind, ActionState, Found, Outcome};
use wanlink_domain::catalogue::{AccountStatus, NetworkStatus};
use wanlink_domain::ids::{CommandId, LinkId, NetworkId};
use wanlink_domain::link::{LinkStatus, StatusSource};
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::reason::{Code, Reason};
use wanlink_wire::Message;
use wanlink_wire::conductor::{CommandResult, Operation, Verdict};
use wanlink_wire::journal::{self, Change};
use wanlink_wire::lease::{Holding, Lease};
use wanlink_wire::report::Fate;

fn link() -> LinkId {
    LinkId(fresh())
}

fn found(status: LinkStatus) -> Found {
    Found {
        status: Some(status),
        status_source: StatusSource::Probe,
        service_id: Some("svc".into()),
        conn_info: None,
        reason: None,
    }
}

fn done() -> Outcome {
    Outcome::Done { found: Some(found(LinkStatus::Active)) }
}

fn refused_code(result: &CommandResult) -> Option<Code> {
    match result {
        CommandResult::Refused { problem, .. } => Some(problem.code),
        CommandResult::Applied { .. } | CommandResult::Conflict => None,
    }
}

#[tokio::test]
async fn a_link_comes_to_be_and_goes_and_every_step_is_recorded_once() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let id = link();
    let create = stage.record(creation(id, wish())).await;
    assert_eq!(stage.link(id).await.status, LinkStatus::ScheduledCreation);
    assert_eq!(stage.run(SESSION, epoch, &create).await, (1, false));
    assert_eq!(stage.report(SESSION, epoch, &create, 1, done()).await, Fate::Applied);
    let row = stage.link(id).await;
    assert_eq!((row.status, row.service_id.as_deref()), (LinkStatus::Active, Some("svc")));
    assert_eq!(stage.request(create.id).await.done, 1);

    let delete = stage.record(deletion(id)).await;
    assert_eq!(stage.link(id).await.status, LinkStatus::ScheduledDeletion);
    let (attempt, _) = stage.run(SESSION, epoch, &delete).await;
    let gone = Outcome::Done { found: None };
    assert_eq!(stage.report(SESSION, epoch, &delete, attempt, gone).await, Fate::Applied);
    let row = stage.link(id).await;
    assert_eq!(row.status, LinkStatus::Deleted);
    assert!(row.deleted_at.is_some() && row.refresh_due_at.is_none());
    stage.stop().await;
}

/// [1]
#[tokio::test]
async fn a_repeated_request_is_one_and_another_body_is_a_conflict() {
    let (stage, _) = Stage::leased(settings()).await;
    let first = stage.record(creation(link(), wish())).await;
    assert_eq!(stage.journal(first.clone()).await, journal::Verdict::Journaled);
    let mut other = first.clone();
    other.digest = "another".into();
    assert_eq!(stage.journal(other).await, journal::Verdict::Conflict);
    assert_eq!(stage.request(first.id).await.total, 1);
    stage.stop().await;
}

#[tokio::test]
async fn a_request_is_recorded_whole_or_refused_whole() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let good = link();
    let bad = request(vec![creation(good, wish()), deletion(link())]);
    let verdict = stage.journal(bad.clone()).await;
    assert!(
        matches!(&verdict, journal::Verdict::Refused { problem } if problem.code == Code::NotFound),
        "{verdict:?}"
    );
    // Its prompts are on their way all the same: they are skipped, not asked about for ever.
    let claimed = stage.claim(SESSION, epoch, &bad).await;
    assert!(matches!(claimed, Verdict::Skip { .. }), "{claimed:?}");
    // And a repetition hears the same.
    assert_eq!(stage.journal(bad).await, verdict);
    stage.stop().await;
}

#[tokio::test]
async fn what_was_to_be_recorded_before_now_is_not() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let mut late = request(vec![creation(link(), wish())]);
    late.not_after = Some(wanlink_domain::time::Timestamp(1));
    stage.send(Queue::Journal, sealed(late.clone().into())).await;
    let after = stage.record(creation(link(), wish())).await;
    assert_eq!(stage.run(SESSION, epoch, &after).await.0, 1);
    assert!(matches!(stage.claim(SESSION, epoch, &late).await, Verdict::Again { .. }));
    stage.stop().await;
}

/// [4]
#[tokio::test]
async fn a_prompt_that_overtakes_the_journal_is_asked_to_come_again() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let early = request(vec![creation(link(), wish())]);
    assert!(matches!(stage.claim(SESSION, epoch, &early).await, Verdict::Again { .. }));
    assert_eq!(stage.report(SESSION, epoch, &early, 1, done()).await, Fate::Gone);
    assert_eq!(stage.journal(early.clone()).await, journal::Verdict::Journaled);
    assert_eq!(stage.run(SESSION, epoch, &early).await, (1, false));
    stage.stop().await;
}

/// [4] [14]
#[tokio::test]
async fn a_repeated_claim_is_the_same_attempt_and_a_repeated_report_changes_nothing() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let create = stage.record(creation(link(), wish())).await;
    assert_eq!(stage.run(SESSION, epoch, &create).await, (1, false));
    assert_eq!(stage.run(SESSION, epoch, &create).await, (1, false));
    assert_eq!(stage.report(SESSION, epoch, &create, 1, done()).await, Fate::Applied);
    assert_eq!(stage.report(SESSION, epoch, &create, 1, done()).await, Fate::Duplicate);
    let version = stage.link(create.actions[0].link_id).await.version;
    assert!(matches!(stage.claim(SESSION, epoch, &create).await, Verdict::Skip { .. }));
    assert_eq!(stage.link(create.actions[0].link_id).await.version, version);
    stage.stop().await;
}

/// [5] [7] [24]
#[tokio::test]
async fn an_epoch_that_is_over_changes_nothing() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let create = stage.record(creation(link(), wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    let Object::Account(mut edited) = Object::Account(stage.account().await) else { unreachable!() };
    edited.user = Some("another".into());
    let expected = edited.version;
    let result = stage.command(Operation::Update { object: Object::Account(edited), expected }).await;
    assert!(matches!(result, CommandResult::Applied { .. }), "{result:?}");

    assert_eq!(stage.report(SESSION, epoch, &create, attempt, done()).await, Fate::Stale);
    assert!(matches!(stage.claim(SESSION, epoch, &create).await, Verdict::Stale));
    assert_eq!(stage.update_wim(SESSION, epoch, AccountStatus::Unreachable).await, None);
    assert_eq!(stage.action(create.actions[0].id).await.state, ActionState::Running);
    assert_eq!(stage.account().await.status, AccountStatus::Pending);
    let answers = stage.renew(renewal(SESSION, &[epoch])).await.answers;
    assert!(answers.iter().any(|a| a.epoch == epoch && a.answer == Lease::BadAction), "{answers:?}");
    stage.stop().await;
}

#[tokio::test]
async fn the_next_epoch_runs_only_after_the_former_session_is_out() {
    let mut long = settings();
    long.lease_ttl = Duration::from_secs(3600);
    let (stage, epoch) = Stage::leased(long).await;
    let create = stage.record(creation(link(), wish())).await;
    stage.run(SESSION, epoch, &create).await;
    let mut edited = stage.account().await;
    edited.user = Some("another".into());
    let expected = edited.version;
    stage.command(Operation::Update { object: Object::Account(edited), expected }).await;
    let next = stage.granted(SESSION).await;
    assert!(next > epoch);
    let gated = stage.claim(SESSION, next, &create).await;
    assert!(matches!(gated, Verdict::Again { .. }), "{gated:?}");
    let mut word = renewal(SESSION, &[next]);
    word.released = vec![Holding { account: ACCOUNT, epoch }];
    stage.renew(word).await;
    // The attempt of the epoch that is over was lost: this one looks before it acts.
    assert_eq!(stage.run(SESSION, next, &create).await, (2, true));
    stage.stop().await;
}

#[tokio::test]
async fn an_expired_lease_goes_to_another_session_and_a_lost_attempt_is_looked_at() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let create = stage.record(creation(link(), wish())).await;
    stage.run(SESSION, epoch, &create).await;
    stage.register(OTHER_SESSION).await;
    let next = stage.granted(OTHER_SESSION).await;
    assert_eq!(stage.run(OTHER_SESSION, next, &create).await, (2, true));
    assert_eq!(stage.report(SESSION, epoch, &create, 1, done()).await, Fate::Stale);
    assert_eq!(stage.report(OTHER_SESSION, next, &create, 2, done()).await, Fate::Applied);
    stage.stop().await;
}

/// [18]
#[tokio::test]
async fn a_delete_before_anything_was_begun_needs_no_controller() {
    let stage = Stage::furnished(settings()).await;
    let id = link();
    let create = stage.record(creation(id, wish())).await;
    let delete = stage.record(deletion(id)).await;
    assert_eq!(stage.action(create.actions[0].id).await.state, ActionState::Superseded);
    assert_eq!(stage.action(delete.actions[0].id).await.state, ActionState::Done);
    assert_eq!(stage.link(id).await.status, LinkStatus::Deleted);
    let counted = stage.request(create.id).await;
    assert_eq!((counted.superseded, counted.open()), (1, 0));
    // And what comes after it is too late.
    let late = action(id, ActionKind::Edit, Change::Edit { bandwidth_kbps: Some(5), latency_ms: None });
    let late = stage.record(late).await;
    let failed = stage.action(late.actions[0].id).await;
    assert_eq!(failed.reason.map(|reason| reason.code), Some(Code::LinkDeleted));
    stage.stop().await;
}

/// [18]
#[tokio::test]
async fn a_delete_inside_the_call_of_a_create_waits_and_then_looks() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let id = link();
    let create = stage.record(creation(id, wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    let delete = stage.record(deletion(id)).await;
    let waits = stage.claim(SESSION, epoch, &delete).await;
    assert!(
        matches!(&waits, Verdict::Wait { reason } if reason.code == Code::EarlierUnfinished),
        "{waits:?}"
    );
    let unknown = Outcome::Unknown { reason: Reason::new(Code::Timeout, "no answer") };
    assert_eq!(stage.report(SESSION, epoch, &create, attempt, unknown).await, Fate::Applied);
    // The CREATE would be tried again, but its link is wanted gone; what it may have left is looked for first.
    assert_eq!(stage.action(create.actions[0].id).await.state, ActionState::Superseded);
    stage.prompted(delete.actions[0].id).await;
    let (_, observe_first) = stage.run(SESSION, epoch, &delete).await;
    assert!(observe_first);
    assert_eq!(stage.link(id).await.status, LinkStatus::ScheduledDeletion);
    stage.stop().await;
}

#[tokio::test]
async fn a_removal_after_a_lost_attempt_is_looked_at_once_more() {
    let mut quick = settings();
    quick.budgets.attempt = Duration::from_millis(50);
    quick.budgets.attempt_grace = Duration::from_millis(1);
    let (stage, epoch) = Stage::leased(quick).await;
    let id = link();
    let create = stage.record(creation(id, wish())).await;
    stage.run(SESSION, epoch, &create).await;
    stage.eventually("the attempt is lost", async || stage.link(id).await.lost_at).await;
    let delete = stage.record(deletion(id)).await;
    let gone = || Outcome::Done { found: None };
    let (attempt, observe_first) = stage.run(SESSION, epoch, &delete).await;
    assert!(observe_first);
    stage.report(SESSION, epoch, &delete, attempt, gone()).await;
    assert_eq!(stage.action(delete.actions[0].id).await.state, ActionState::Build);
    assert_eq!(stage.link(id).await.status, LinkStatus::ScheduledDeletion);
    // What the dead session had begun has landed meanwhile: it is removed again, and then it is enough.
    let landed = Outcome::Building { found: found(LinkStatus::Active) };
    stage.report(SESSION, epoch, &delete, attempt, landed).await;
    stage.prompted(delete.actions[0].id).await;
    let (attempt, _) = stage.run(SESSION, epoch, &delete).await;
    stage.report(SESSION, epoch, &delete, attempt, gone()).await;
    assert_eq!(stage.link(id).await.status, LinkStatus::Deleted);
    stage.stop().await;
}

#[tokio::test]
async fn an_edit_that_is_called_off_leaves_the_wish_as_it_was() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let id = link();
    let create = stage.record(creation(id, wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    stage.report(SESSION, epoch, &create, attempt, done()).await;
    let edit = action(id, ActionKind::Edit, Change::Edit { bandwidth_kbps: Some(5), latency_ms: None });
    let edit = stage.record(edit).await;
    assert_eq!(stage.link(id).await.wish.bandwidth_kbps, Some(5));
    stage.command(Operation::Cancel { request: edit.id }).await;
    let row = stage.link(id).await;
    assert_eq!((row.wish, row.status), (wish(), LinkStatus::Active));
    stage.stop().await;
}

#[tokio::test]
async fn actions_of_one_link_run_in_accepted_order() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let id = link();
    let create = stage.record(creation(id, wish())).await;
    let edit = action(id, ActionKind::Edit, Change::Edit { bandwidth_kbps: Some(5), latency_ms: None });
    let edit = stage.record(edit).await;
    assert!(matches!(stage.claim(SESSION, epoch, &edit).await, Verdict::Wait { .. }));
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    stage.report(SESSION, epoch, &create, attempt, done()).await;
    stage.prompted(edit.actions[0].id).await;
    match stage.claim(SESSION, epoch, &edit).await {
        Verdict::Run { task, .. } => assert_eq!(task.wish.unwrap().bandwidth_kbps, Some(5)),
        other => panic!("{other:?}"),
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_link_waits_for_its_networks_and_fails_with_them() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let id = NetworkId(fresh());
    let building = network(id, NetworkStatus::Build);
    stage.command(Operation::Create { object: building }).await;
    let create = stage.record(creation(link(), wish_over(Some(id)))).await;
    let waits = stage.claim(SESSION, epoch, &create).await;
    assert!(matches!(&waits, Verdict::Wait { reason } if reason.code == Code::NetworksBuilding), "{waits:?}");
    let up = Operation::Update { object: network(id, NetworkStatus::Active), expected: 1 };
    assert!(matches!(stage.command(up).await, CommandResult::Applied { .. }));
    stage.prompted(create.actions[0].id).await;
    stage.run(SESSION, epoch, &create).await;

    let down = Operation::Update { object: network(id, NetworkStatus::Error), expected: 2 };
    stage.command(down).await;
    let doomed = stage.record(creation(link(), wish_over(Some(id)))).await;
    assert!(matches!(stage.claim(SESSION, epoch, &doomed).await, Verdict::Skip { .. }));
    let failed = stage.action(doomed.actions[0].id).await;
    assert_eq!(failed.reason.map(|reason| reason.code), Some(Code::NetworkFailed));
    assert_eq!(stage.link(doomed.actions[0].link_id).await.status, LinkStatus::Error);
    stage.stop().await;
}

#[tokio::test]
async fn waiting_for_networks_has_a_budget() {
    let mut short = settings();
    short.budgets.networks = Duration::from_millis(1);
    let (stage, epoch) = Stage::leased(short).await;
    let id = NetworkId(fresh());
    stage.command(Operation::Create { object: network(id, NetworkStatus::Build) }).await;
    let create = stage.record(creation(link(), wish_over(Some(id)))).await;
    stage.claim(SESSION, epoch, &create).await;
    stage
        .eventually("the budget is spent", async || {
            let action = stage.action(create.actions[0].id).await;
            (action.reason?.code == Code::BudgetSpent).then_some(())
        })
        .await;
    stage.stop().await;
}

#[tokio::test]
async fn a_lost_prompt_is_sent_again_while_the_queue_is_empty() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let create = stage.record(creation(link(), wish())).await;
    let mut renew = renewal(SESSION, &[epoch]);
    renew.idle = vec![ACCOUNT];
    stage.renew(renew).await;
    stage.prompted(create.actions[0].id).await;
    stage.stop().await;
}

#[tokio::test]
async fn a_building_link_is_polled_and_settled_by_the_poll() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let create = stage.record(creation(link(), wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    let building = Outcome::Building { found: found(LinkStatus::Build) };
    assert_eq!(stage.report(SESSION, epoch, &create, attempt, building).await, Fate::Applied);
    assert_eq!(stage.link(create.actions[0].link_id).await.status, LinkStatus::Build);
    let poll = stage
        .in_account_queue(|message| match message {
            Message::Poll(poll) => Some(poll),
            _ => None,
        })
        .await;
    assert_eq!((poll.epoch, poll.attempt, poll.action), (epoch, attempt, create.actions[0].id));
    assert_eq!(stage.report(SESSION, epoch, &create, attempt, done()).await, Fate::Applied);
    assert_eq!(stage.link(create.actions[0].link_id).await.status, LinkStatus::Active);
    stage.stop().await;
}

#[tokio::test]
async fn a_settled_link_is_observed_and_what_is_found_applies_to_its_version_alone() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let create = stage.record(creation(link(), wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    stage.report(SESSION, epoch, &create, attempt, done()).await;
    let observe = stage
        .in_account_queue(|message| match message {
            Message::Observe(observe) => Some(observe),
            _ => None,
        })
        .await;
    let asked = &observe.links[0];
    let item = |version, status| wanlink_wire::report::ObservedItem {
        account: ACCOUNT,
        epoch,
        link: asked.task.link,
        version,
        sight: wanlink_wire::report::Sight::Seen { found: found(status) },
    };
    let old = item(asked.version - 1, LinkStatus::Error);
    let current = item(asked.version, LinkStatus::Down);
    let observed = wanlink_wire::report::Observed { session: SESSION, items: vec![old, current] };
    stage.send(Queue::Reports, sealed(observed.into())).await;
    stage
        .eventually("the link is seen down", async || {
            let link = stage.link(asked.task.link).await;
            assert_ne!(link.status, LinkStatus::Error, "an observation of an older version was applied");
            (link.status == LinkStatus::Down).then_some(())
        })
        .await;
    stage.stop().await;
}

/// [11]
#[tokio::test]
async fn an_action_that_is_claimed_again_and_again_without_a_report_is_poisonous() {
    let mut quick = settings();
    quick.budgets.attempts_max = 2;
    quick.budgets.attempt = Duration::from_millis(20);
    quick.budgets.attempt_grace = Duration::from_millis(20);
    let (stage, epoch) = Stage::leased(quick).await;
    let create = stage.record(creation(link(), wish())).await;
    for expected in 1..=2 {
        stage
            .eventually("the attempt begins", async || {
                stage.renew(renewal(SESSION, &[epoch])).await;
                match stage.claim(SESSION, epoch, &create).await {
                    Verdict::Run { attempt, .. } if attempt == expected => Some(()),
                    _ => None,
                }
            })
            .await;
    }
    stage
        .eventually("it is called poisonous", async || {
            stage.renew(renewal(SESSION, &[epoch])).await;
            stage.claim(SESSION, epoch, &create).await;
            let reason = stage.action(create.actions[0].id).await.reason?;
            (reason.code == Code::Poisonous).then_some(())
        })
        .await;
    stage.stop().await;
}

/// [17]
#[tokio::test]
async fn cancelling_ends_what_has_not_begun_and_leaves_the_rest() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let (first, second) = (link(), link());
    let both = request(vec![creation(first, wish()), creation(second, wish())]);
    stage.journal(both.clone()).await;
    stage.run(SESSION, epoch, &both).await;
    let result = stage.command(Operation::Cancel { request: both.id }).await;
    assert!(matches!(result, CommandResult::Applied { .. }), "{result:?}");
    assert_eq!(stage.action(both.actions[0].id).await.state, ActionState::Running);
    assert_eq!(stage.action(both.actions[1].id).await.state, ActionState::Cancelled);
    assert_eq!(stage.link(second).await.status, LinkStatus::Deleted);
    let counted = stage.request(both.id).await;
    assert_eq!((counted.cancelled, counted.open()), (1, 1));
    stage.stop().await;
}

#[tokio::test]
async fn a_command_is_done_once_and_answered_always() {
    let stage = Stage::empty(settings()).await;
    let id = CommandId(fresh());
    let first = stage.command_as(id, "a", Operation::Create { object: tenant() }).await;
    assert!(matches!(first, CommandResult::Applied { .. }), "{first:?}");
    assert_eq!(stage.command_as(id, "a", Operation::Create { object: tenant() }).await, first);
    let other = stage.command_as(id, "b", Operation::Create { object: tenant() }).await;
    assert_eq!(other, CommandResult::Conflict);
    let again = stage.command(Operation::Create { object: tenant() }).await;
    assert_eq!(refused_code(&again), Some(Code::AlreadyExists));
    let stale = stage.command(Operation::Update { object: tenant(), expected: 7 }).await;
    assert_eq!(refused_code(&stale), Some(Code::VersionMismatch));
    stage.stop().await;
}

#[tokio::test]
async fn an_account_queue_follows_its_record() {
    let stage = Stage::furnished(settings()).await;
    assert!(stage.broker.inspect(Queue::Account(ACCOUNT)).await.unwrap().is_some());
    let id = link();
    stage.record(creation(id, wish())).await;
    let delete = Operation::Delete { kind: Kind::Account, id: ACCOUNT.0, expected: None };
    assert_eq!(refused_code(&stage.command(delete.clone()).await), Some(Code::StillReferenced));
    stage.record(deletion(id)).await;
    let deleted = stage.command(delete).await;
    assert!(matches!(deleted, CommandResult::Applied { .. }), "{deleted:?}");
    assert_eq!(stage.broker.inspect(Queue::Account(ACCOUNT)).await.unwrap(), None);
    let mut tx = stage.store.begin().await.unwrap();
    assert!(tx.accounts(&[ACCOUNT]).await.unwrap().is_empty());
    drop(tx);
    stage.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_parked_and_its_queue_goes_on() {
    let (stage, _) = Stage::leased(settings()).await;
    stage.send(Queue::Journal, b"{\"v\":1,\"kind\":\"dance\",\"id\":\"x\"}".to_vec()).await;
    stage.send(Queue::Journal, b"not a message".to_vec()).await;
    stage.record(creation(link(), wish())).await;
    stage.stop().await;
}

#[tokio::test]
async fn the_monitors_word_is_recorded_and_told_only_when_it_changes() {
    let (stage, epoch) = Stage::leased(settings()).await;
    for status in [AccountStatus::Reachable, AccountStatus::Reachable, AccountStatus::Unreachable] {
        assert_eq!(stage.update_wim(SESSION, epoch, status).await, Some(status));
    }
    assert_eq!(stage.account().await.event_seq, 2);
    stage.stop().await;
}

#[tokio::test]
async fn each_event_is_published_under_one_id() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let mut events = stage.broker.subscribe(Some(stage::TENANT.to_string()));
    let create = stage.record(creation(link(), wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    stage.report(SESSION, epoch, &create, attempt, done()).await;
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let next = tokio::time::timeout(Duration::from_secs(20), events.next())
            .await
            .expect("three events")
            .unwrap();
        let event: serde_json::Value = serde_json::from_slice(&next.payload).unwrap();
        seen.push((event["type"].as_str().unwrap().to_owned(), event["id"].as_str().unwrap().to_owned()));
        next.ack().await;
    }
    let mut kinds: Vec<&str> = seen.iter().map(|(kind, _)| kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["action.ended", "link.status", "request.ended"]);
    let ids: std::collections::BTreeSet<&str> = seen.iter().map(|(_, id)| id.as_str()).collect();
    assert_eq!(ids.len(), 3);
    stage.stop().await;
}
