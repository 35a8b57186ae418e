//! The one reader of answers: each goes to whoever waits for it, and none makes the others wait.

use crate::context::Context;
use std::sync::Arc;
use tokio::sync::mpsc;
use wanlink_wire::lease::{Holding, Renewed};
use wanlink_wire::report::{Fate, Reported};
use wanlink_wire::{Message, decode};

/// Routes answers until the broker is closed. `renewals` leads to the session's task.
pub(crate) async fn run(cx: Arc<Context>, renewals: mpsc::Sender<Renewed>) {
    while let Some(payload) = cx.post.next_answer().await {
        match decode(&payload) {
            Ok(envelope) => route(&cx, &renewals, envelope.message),
            // Every question is repeated, so an answer that cannot be read is only counted as missing.
            Err(error) => tracing::warn!(%error, "answer not understood"),
        }
    }
}

fn route(cx: &Context, renewals: &mpsc::Sender<Renewed>, message: Message) {
    match message {
        // What finds no room is answered again: the next renewal is never far.
        Message::Renewed(renewed) => drop(renewals.try_send(renewed)),
        Message::Verdicts(verdicts) => cx.claims.deliver(verdicts),
        Message::SettingsAnswer(answer) => {
            let about = Holding { account: answer.account, epoch: answer.epoch };
            cx.settings_desk.answer(&about, answer.settings);
        }
        Message::LinksAnswer(answer) => {
            let about = Holding { account: answer.account, epoch: answer.epoch };
            cx.links_desk.answer(&(about, answer.after), answer.page);
        }
        Message::WimUpdated(answer) => {
            let about = Holding { account: answer.account, epoch: answer.epoch };
            cx.wim_desk.answer(&about, answer.status);
        }
        Message::Reported(reported) => hear(cx, &reported),
        Message::Probed(probed) => cx.probe_desk.answer(&probed.nonce, ()),
        other => tracing::warn!(kind = other.kind(), "not an answer to a worker"),
    }
}

/// Reports were handled. Whoever made one that came too late is to exit.
fn hear(cx: &Context, reported: &Reported) {
    if reported.session != cx.session {
        return;
    }
    for item in &reported.items {
        cx.answers.came(item);
        match item.fate {
            Fate::Stale => cx.line.end(Holding { account: item.account, epoch: item.epoch }),
            Fate::Applied | Fate::Duplicate | Fate::Gone => {}
        }
    }
}
