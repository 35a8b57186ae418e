//! The side that consumes: so many deliveries, one update, one commit, an acknowledgement for each of them.

use crate::message::Change;
use crate::rows::Rows;
use crate::{Fault, Job};
use futures::StreamExt as _;
use futures::future::try_join_all;
use futures::stream::{SelectAll, select_all};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use std::time::Duration;
use wanlink_runtime::clock::{Clock as _, SystemClock};

/// What a consumer has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drained {
    /// When the last acknowledgement was handed over, by the clock of [`crate::publish`].
    pub last: Duration,
    /// Updates, each with its own commit.
    pub updates: usize,
}

/// Connected to both, and consuming.
pub struct Consumer {
    _connection: Connection,
    deliveries: SelectAll<lapin::Consumer>,
    rows: Rows,
}

impl Consumer {
    /// Makes the table and consumes from `queues`, each with at most `prefetch` unsettled deliveries.
    pub async fn open(
        job: &Job,
        queues: &[String],
        database_url: &str,
        prefetch: u16,
    ) -> Result<Self, Fault> {
        let rows = Rows::make(database_url, job.rows, job.routing_keys.len()).await?;
        let connection = Connection::connect(&job.amqp_url, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        // Counts for each consumer that comes after it.
        channel.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let mut consumers = Vec::with_capacity(queues.len());
        for queue in queues {
            let consumer = channel.basic_consume(
                queue.as_str().into(),
                "".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            );
            consumers.push(consumer.await?);
        }
        Ok(Self { _connection: connection, deliveries: select_all(consumers), rows })
    }

    /// How the database keeps what it commits, for the record.
    pub async fn durability(&mut self) -> Result<(String, String), Fault> {
        self.rows.durability().await
    }

    /// Takes so many messages, `per_update` at a time.
    pub async fn drain(&mut self, messages: usize, per_update: usize) -> Result<Drained, Fault> {
        let (mut taken, mut updates) = (0, 0);
        while taken < messages {
            let wanted = per_update.min(messages - taken);
            let mut batch: Vec<Delivery> = Vec::with_capacity(wanted);
            while batch.len() < wanted {
                batch.push(self.deliveries.next().await.ok_or(Fault::Ended)??);
            }
            let changes: Option<Vec<Change>> = batch.iter().map(|it| Change::read(&it.data)).collect();
            self.rows.update(&changes.ok_or(Fault::Foreign)?).await?;
            // Handed over together: one by one, each would wait until the one before is on the wire.
            try_join_all(batch.iter().map(|it| it.acker.ack(BasicAckOptions::default()))).await?;
            taken += batch.len();
            updates += 1;
        }
        Ok(Drained { last: SystemClock.mono(), updates })
    }

    /// Removes the table.
    pub async fn remove(self) -> Result<(), Fault> {
        self.rows.remove().await
    }
}
