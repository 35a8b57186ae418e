//! Publishing over AMQP: many callers, one confirm channel, and the inbox of direct replies on the same channel.
//!
//! Callers hand their messages to the publisher's task; the task alone touches the channel, because the order in
//! which messages are numbered must be the order in which they are sent, and because verdicts need all confirms
//! seen in one place (`confirms`). Nobody waits for somebody else's confirm.
//! Deliberately absent: resending. A cut turns what has no confirm into `Unknown`; the caller knows what to do.

use super::StopOnDrop;
use super::confirms::{Outstanding, Verdict};
use super::supervisor::{Session, Shared};
use super::topology::DIRECT_REPLY;
use super::wire::{WireChannel, WireError, WireStream};
use crate::port::{Outgoing, PublishError, Publisher};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// Messages handed over and not yet on the channel.
const COMMANDS_MAX: usize = 1_024;
/// Messages on the channel without a verdict.
const OUTSTANDING_MAX: usize = 4_096;
/// How many of those may be unwaited ones: prompts must not crowd out what somebody waits for.
const UNWAITED_MAX: usize = 1_000;
/// Messages taken from the callers before the confirms are looked at again.
const SUBMIT_BATCH: usize = 64;
/// Replies nobody has taken yet; further ones are dropped, for their askers repeat.
const REPLIES_MAX: usize = 65_536;

/// Who is told how a publish ended.
enum Ticket {
    Waited(oneshot::Sender<Result<(), PublishError>>),
    Unwaited { _permit: OwnedSemaphorePermit },
}

struct Command {
    message: Outgoing,
    ticket: Ticket,
}

pub(super) struct AmqpPublisher {
    shared: Arc<Shared>,
    commands: mpsc::Sender<Command>,
    replies: Mutex<mpsc::Receiver<Bytes>>,
    unwaited: Arc<Semaphore>,
    lost: Arc<AtomicU64>,
    _keep: Arc<StopOnDrop>,
}

impl AmqpPublisher {
    pub(super) fn start(shared: Arc<Shared>, keep: Arc<StopOnDrop>) -> Self {
        let (commands, command_queue) = mpsc::channel(COMMANDS_MAX);
        let (inbox, replies) = mpsc::channel(REPLIES_MAX);
        let lost = Arc::new(AtomicU64::new(0));
        let lane = Lane { shared: shared.clone(), commands: command_queue, inbox, lost: lost.clone() };
        shared.publishers.spawn(lane.run());
        let unwaited = Arc::new(Semaphore::new(UNWAITED_MAX));
        Self { shared, commands, replies: Mutex::new(replies), unwaited, lost, _keep: keep }
    }

    /// The live session, if publishing makes sense now.
    fn open_session(&self) -> Result<Arc<Session>, PublishError> {
        if self.shared.publishers.is_stopping() {
            return Err(PublishError::Unavailable("closed".to_owned()));
        }
        let session = self.shared.current().map_err(PublishError::Unavailable)?;
        if session.is_blocked() {
            return Err(PublishError::Unavailable("publishers are blocked by the broker".to_owned()));
        }
        Ok(session)
    }

    /// Hands a message to the task; fails only while it is certain that nothing was sent.
    async fn hand_over(&self, message: Outgoing, ticket: Ticket) -> Result<(), PublishError> {
        let unavailable = |why: &str| PublishError::Unavailable(why.to_owned());
        let place = tokio::time::timeout(self.shared.timeouts.confirm, self.commands.reserve()).await;
        let place = place.map_err(|_| unavailable("too many messages wait to be sent"))?;
        place.map_err(|_| unavailable("closed"))?.send(Command { message, ticket });
        Ok(())
    }
}

#[async_trait]
impl Publisher for AmqpPublisher {
    async fn publish(&self, message: Outgoing) -> Result<(), PublishError> {
        let session = self.open_session()?;
        let (ticket, verdict) = oneshot::channel();
        self.hand_over(message, Ticket::Waited(ticket)).await?;
        match tokio::time::timeout(self.shared.timeouts.confirm, verdict).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(_)) => Err(PublishError::Unknown("the publisher ended".to_owned())),
            Err(_) => {
                // A blocked broker reads nothing more; its silence is no sign of a dead connection.
                if !session.is_blocked() {
                    session.kill("no confirm in time");
                }
                Err(PublishError::Unknown("no confirm in time".to_owned()))
            }
        }
    }

    async fn publish_unwaited(&self, message: Outgoing) -> Result<(), PublishError> {
        self.open_session()?;
        let permit = self.unwaited.clone().acquire_owned();
        let permit = tokio::time::timeout(self.shared.timeouts.confirm, permit).await;
        let Ok(Ok(permit)) = permit else {
            return Err(PublishError::Unavailable("too many messages without a confirm".to_owned()));
        };
        self.hand_over(message, Ticket::Unwaited { _permit: permit }).await
    }

    fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    async fn next_reply(&self) -> Option<Bytes> {
        self.replies.lock().await.recv().await
    }
}

/// The publisher's task.
struct Lane {
    shared: Arc<Shared>,
    commands: mpsc::Receiver<Command>,
    inbox: mpsc::Sender<Bytes>,
    lost: Arc<AtomicU64>,
}

/// Why a lane stopped working on a session.
enum LaneEnd {
    /// The channel or the session is gone: start again on the next.
    Broken(String),
    /// The publisher was dropped or the engine is closing, and everything has its verdict.
    Finished,
}

impl Lane {
    async fn run(mut self) {
        while let Some(session) = self.wait_for_session().await {
            match open_channel(&session).await {
                Ok((channel, replies)) => {
                    let end = self.work(&session, &channel, replies).await;
                    channel.close().await;
                    if let LaneEnd::Finished = end {
                        return;
                    }
                }
                // A lane that cannot open its channel on a live session makes it a dead one: the supervisor's
                // backoff then paces the next try.
                Err(error) => session.kill(&error.to_string()),
            }
        }
        self.refuse_all().await;
    }

    /// The next live session; meanwhile everything handed over is refused at once. `None`: no more is wanted.
    async fn wait_for_session(&mut self) -> Option<Arc<Session>> {
        loop {
            tokio::select! {
                biased;
                session = self.shared.next_session() => return Some(session),
                () = self.shared.publishers.stopped() => return None,
                command = self.commands.recv() => {
                    let reason = self.shared.current().err().unwrap_or_default();
                    self.conclude(command?.ticket, Err(PublishError::Unavailable(reason)));
                }
            }
        }
    }

    async fn refuse_all(&mut self) {
        self.commands.close();
        while let Some(command) = self.commands.recv().await {
            self.conclude(command.ticket, Err(PublishError::Unavailable("closed".to_owned())));
        }
    }

    async fn work(&mut self, session: &Session, channel: &WireChannel, mut replies: WireStream) -> LaneEnd {
        let mut outstanding = Outstanding::new();
        let end = loop {
            if self.shared.publishers.is_stopping() {
                self.commands.close();
            }
            let no_more = self.commands.is_closed() && self.commands.is_empty();
            if no_more && outstanding.is_empty() {
                break LaneEnd::Finished;
            }
            let can_take = !no_more && outstanding.len() < OUTSTANDING_MAX;
            tokio::select! {
                biased;
                () = session.died() => break LaneEnd::Broken("connection lost".to_owned()),
                verdicts = outstanding.settled() => self.conclude_all(verdicts),
                command = self.commands.recv(), if can_take => {
                    if let Some(command) = command {
                        self.submit(channel, &mut outstanding, command);
                    }
                    for _ in 1..SUBMIT_BATCH {
                        let Ok(command) = self.commands.try_recv() else { break };
                        self.submit(channel, &mut outstanding, command);
                    }
                }
                reply = replies.next() => match reply {
                    // A full inbox drops: its owner asks again for what it misses.
                    Some(Ok(delivery)) => drop(self.inbox.try_send(delivery.payload)),
                    Some(Err(error)) => session.judge(&error),
                    None => break LaneEnd::Broken("the channel was closed".to_owned()),
                },
                () = self.shared.publishers.stopped(), if !self.commands.is_closed() => {}
                () = tokio::time::sleep(self.shared.timeouts.confirm), if !outstanding.is_empty() => {
                    if !session.is_blocked() {
                        session.kill("no confirm in time");
                    }
                }
            }
        };
        if let LaneEnd::Broken(why) = &end {
            self.conclude_all(outstanding.abandon(why));
        }
        end
    }

    fn submit(&self, channel: &WireChannel, outstanding: &mut Outstanding<Ticket>, command: Command) {
        let id = outstanding.next_id();
        match self.shared.topology.publication(id, command.message) {
            Some(publication) => outstanding.push(id, channel.publish(publication), command.ticket),
            None => self.conclude(command.ticket, Ok(())),
        }
    }

    fn conclude_all(&self, verdicts: Vec<(Ticket, Verdict)>) {
        for (ticket, verdict) in verdicts {
            let ended = match verdict {
                Verdict::Stored => Ok(()),
                Verdict::Returned => Err(PublishError::Returned),
                Verdict::Refused => Err(PublishError::Refused),
                Verdict::Unknown(why) => Err(PublishError::Unknown(why)),
            };
            self.conclude(ticket, ended);
        }
    }

    fn conclude(&self, ticket: Ticket, ended: Result<(), PublishError>) {
        match ticket {
            // Who no longer waits has given up on this message.
            Ticket::Waited(waiter) => drop(waiter.send(ended)),
            Ticket::Unwaited { .. } if ended.is_err() => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
            Ticket::Unwaited { .. } => {}
        }
    }
}

/// A confirm channel that also receives direct replies: the address is only good on the channel that publishes.
async fn open_channel(session: &Session) -> Result<(WireChannel, WireStream), WireError> {
    let channel = session.publish.channel().await?;
    channel.confirm_select().await?;
    let replies = channel.consume(DIRECT_REPLY, None).await?;
    Ok((channel, replies))
}
