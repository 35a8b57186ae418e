//! Events on their way out, and messages that were set aside.

use super::locks::Mode;
use super::rows::Event;
use super::scope::{Scope, Step};
use super::table::{Entry, Key};
use wanlink_domain::event::{OutboxEvent, Parked};
use wanlink_domain::ids::{EventId, ParkedId};
use wanlink_domain::time::Timestamp;

pub(super) fn insert(it: &mut Scope<'_>, events: &[OutboxEvent]) -> Step<()> {
    let unique: Vec<Entry> = events.iter().map(|event| Entry::Event(event.id.0)).collect();
    it.claim_unique(&unique, super::rows::Name::Events)?;
    for event in events {
        it.tables.position += 1;
        let position = it.tables.position;
        it.insert_new(Event { position, event: event.clone(), published_at: None })?;
    }
    Ok(())
}

pub(super) fn unpublished(it: &mut Scope<'_>, limit: u32) -> Step<Vec<OutboxEvent>> {
    let next = it.view::<Event>();
    let next = next.by(Entry::Unpublished).map(|event| Key::number(event.position));
    let free: Vec<Key> =
        next.filter(|key| it.free::<Event>(*key, Mode::Update)).take(limit as usize).collect();
    let events: Vec<Event> = it.all_locked(free, Mode::Update)?;
    Ok(events.into_iter().map(|row| row.event).collect())
}

pub(super) fn mark_published(it: &mut Scope<'_>, ids: &[EventId], at: Timestamp) -> Step<()> {
    let published = it.keys_by::<Event>(ids.iter().map(|id| Entry::Event(id.0)));
    for event in it.all_locked::<Event>(published, Mode::Update)? {
        it.put(Event { published_at: Some(at), ..event })?;
    }
    Ok(())
}

pub(super) fn park(it: &mut Scope<'_>, parked: &[Parked]) -> Step<()> {
    for message in parked {
        it.claim(message)?;
    }
    for message in parked {
        let row = match it.get::<Parked>(message.id.0) {
            Some(first) => Parked { count: first.count.saturating_add(message.count), ..first.clone() },
            None => message.clone(),
        };
        it.put(row)?;
    }
    Ok(())
}

pub(super) fn mark_replayed(it: &mut Scope<'_>, id: ParkedId, at: Timestamp) -> Step<()> {
    match it.locked::<Parked>(id.0, Mode::Update)? {
        Some(row) => it.put(Parked { replayed_at: Some(at), ..row }),
        None => Ok(()),
    }
}
