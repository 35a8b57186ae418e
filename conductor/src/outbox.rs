//! The outbox relay: events that were committed with their change are published, then marked.
//!
//! It takes whatever is unpublished, not what comes after a remembered position: a transaction that commits late
//! under an early number would otherwise be skipped for ever (specification 7, row 16). A crash between publishing
//! and marking publishes again, under the same event id.

use crate::context::Context;
use crate::events::TRACEPARENT;
use crate::figures;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use wanlink_broker::port::{Address, PublishError};
use wanlink_domain::event::OutboxEvent;
use wanlink_domain::ids::EventId;
use wanlink_domain::trace::TraceParent;
use wanlink_runtime::tasks::Tasks;
use wanlink_runtime::trace::Kind;

/// Most events in one transaction.
const BATCH: u32 = 256;
/// The pause after a failure.
const AWAY: Duration = Duration::from_secs(1);

/// Relays until the tasks are stopped.
pub async fn relay(context: Arc<Context>, tasks: Tasks) {
    while !tasks.is_stopping() {
        context.telemetry.pulse.beat("outbox", context.clock.mono());
        let pause = match pass(&context).await {
            Ok(n) if n == BATCH as usize => continue,
            Ok(_) => context.settings.tick,
            Err(error) => {
                tracing::debug!(error, "events wait in the outbox");
                AWAY
            }
        };
        tokio::select! {
            biased;
            () = tasks.stopped() => return,
            () = context.nudge.outbox.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn pass(context: &Context) -> Result<usize, String> {
    if !context.broker.health().borrow().ready() {
        return Err("the message broker is away".into());
    }
    let mut tx = context.store.begin().await.map_err(|error| error.to_string())?;
    let events = tx.unpublished_events(BATCH).await.map_err(|error| error.to_string())?;
    if events.is_empty() {
        return Ok(0);
    }
    // Where several processes write, the rows' locks keep other relays from sending the same events meanwhile. Where
    // one writer has the whole database, nobody may wait for the broker on its account.
    let held = if context.store.capabilities().shared {
        Some(tx)
    } else {
        drop(tx);
        None
    };
    let sent = futures::future::join_all(events.iter().map(|event| publish(context, event))).await;
    let mut tx = match held {
        Some(tx) => tx,
        None => context.store.begin().await.map_err(|error| error.to_string())?,
    };
    let ids: Vec<EventId> =
        events.iter().zip(&sent).filter(|(_, sent)| sent.is_ok()).map(|(event, _)| event.id).collect();
    let at = tx.now().await.map_err(|error| error.to_string())?;
    tx.mark_published(&ids, at).await.map_err(|error| error.to_string())?;
    tx.commit().await.map_err(|error| error.to_string())?;
    let metrics = &context.telemetry.metrics;
    for (event, _) in events.iter().zip(&sent).filter(|(_, sent)| sent.is_ok()) {
        metrics.event_lag.observe([], at.since(event.at));
        figures::published(metrics, event);
    }
    match sent.into_iter().find_map(Result::err) {
        Some(error) => Err(error.to_string()),
        None => Ok(events.len()),
    }
}

async fn publish(context: &Context, event: &OutboxEvent) -> Result<(), PublishError> {
    let trace = event.data.get(TRACEPARENT).and_then(Value::as_str).and_then(TraceParent::parse);
    let mut span = context.telemetry.tracer.child(trace, Kind::Producer, || "event publish".to_owned());
    span.set("wanlink.event", || event.kind.clone());
    let mut cloud_event = serde_json::json!({
        "specversion": "1.0",
        "id": event.id,
        "source": "/wanlink",
        "type": event.kind,
        "subject": event.subject,
        "time": event.at.to_string(),
        "datacontenttype": "application/json",
        "tenant": event.tenant_id,
        "sequence": event.sequence,
        "data": event.data,
    });
    // The extension of CloudEvents for distributed tracing.
    if let Some(trace) = span.context().or(trace) {
        cloud_event[TRACEPARENT] = trace.to_string().into();
    }
    let to = Address::Event {
        tenant: event.tenant_id.to_string(),
        subject: event.subject.clone(),
        kind: event.kind.clone(),
    };
    context.publish(to, cloud_event.to_string().into_bytes()).await
}
