//! The side that publishes: as fast as the broker confirms, with so many under way at most.

use crate::message::Change;
use crate::{Fault, Job};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use std::time::Duration;
use wanlink_runtime::clock::{Clock as _, SystemClock};

/// Connected and ready to begin.
pub struct Publisher {
    // Dropped, it would close the channel.
    _connection: Connection,
    channel: Channel,
}

impl Publisher {
    pub async fn open(job: &Job) -> Result<Self, Fault> {
        let connection = Connection::connect(&job.amqp_url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        Ok(Self { _connection: connection, channel })
    }
}

/// Publishes everything; answers when the first message was handed over, by the clock that all processes of a machine
/// share.
pub async fn publish(publisher: &Publisher, job: &Job) -> Result<Duration, Fault> {
    let first = SystemClock.mono();
    let mut under_way = FuturesUnordered::new();
    for n in 0..job.messages {
        if under_way.len() >= job.unconfirmed {
            under_way.next().await.unwrap_or(Ok(()))?;
        }
        under_way.push(one(&publisher.channel, job, n));
    }
    while let Some(confirmed) = under_way.next().await {
        confirmed?;
    }
    Ok(first)
}

async fn one(channel: &Channel, job: &Job, n: usize) -> Result<(), Fault> {
    const TRANSIENT: u8 = 1;
    const PERSISTENT: u8 = 2;
    let mode = if job.persistent { PERSISTENT } else { TRANSIENT };
    let key = &job.routing_keys[n % job.rows % job.routing_keys.len()];
    let message = Change::of(n, job.rows).write(job.bytes);
    let sent = channel.basic_publish(
        job.exchange.as_str().into(),
        key.as_str().into(),
        BasicPublishOptions { mandatory: true, immediate: false },
        &message,
        BasicProperties::default().with_delivery_mode(mode),
    );
    match sent.await?.await? {
        Confirmation::Ack(None) => Ok(()),
        _ => Err(Fault::Lost(n)),
    }
}
