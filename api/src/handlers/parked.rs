//! Parked messages: what nobody could handle, why, and sending it to its queue again.
//!
//! A message is shown decoded as far as it is JSON, with every value that may be a secret masked. What is no JSON
//! may hold anything and is not shown: its size and origin must do.

use crate::call::Call;
use crate::commands;
use crate::listing;
use crate::problem::{Problem, shortened};
use crate::routes::Answer;
use crate::scope;
use crate::state::{Shared, State};
use crate::view::Time;
use axum::Json;
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use wanlink_domain::event::Parked;
use wanlink_domain::ids::{CommandId, ParkedId};
use wanlink_domain::reason::Code;
use wanlink_domain::validate::config::{MASK, names_a_secret};
use wanlink_wire::conductor::{CommandResult, Operation};

/// Bytes of a message beyond which its content is not shown.
const SHOWN_MAX: usize = 64 * 1024;

pub async fn list(state: Shared, mut call: Call) -> Answer {
    let page = listing::page(&state, &mut call.query)?;
    call.query.end()?;
    let slice = state.store.parked(page).await?;
    Ok(listing::answer(&slice, |it| (it.parked_at, it.id.0), |it| ParkedMessage::from(it)))
}

pub async fn show(state: Shared, call: Call) -> Answer {
    call.query.end()?;
    let parked = find(&state, &call).await?;
    Ok(Json(ParkedWithContent::from(&parked)).into_response())
}

/// Sends it to its queue again; should it fail again, it is parked again.
pub async fn replay(state: Shared, call: Call) -> Answer {
    call.no_body()?;
    call.query.end()?;
    let parked = find(&state, &call).await?;
    let id = CommandId(scope::id_for(&state, &call, None));
    let location = format!("/v1/parked/{}", parked.id);
    let operation = Operation::Replay { parked: parked.id };
    let digest = scope::digest(&call, &json!({}));
    match commands::run(&state, id, digest, operation, &location).await? {
        CommandResult::Applied { .. } => {}
        other => return Err(commands::refused(other)),
    }
    let now = state.store.parked_message(parked.id).await?.unwrap_or(parked);
    Ok(Json(ParkedMessage::from(&now)).into_response())
}

async fn find(state: &State, call: &Call) -> Result<Parked, Problem> {
    let asked = call.param("message");
    let found = match ParkedId::parse(asked) {
        Some(id) => state.store.parked_message(id).await?,
        None => None,
    };
    found.ok_or_else(|| {
        Problem::new(Code::NotFound, format!("no parked message has the id {:?}", shortened(asked)))
    })
}

/// A message that nobody could handle.
#[derive(Serialize, ToSchema)]
pub struct ParkedMessage {
    id: ParkedId,
    /// The queue that it came from.
    origin: String,
    reason: String,
    /// How often it was parked.
    count: i32,
    /// Its size.
    bytes: usize,
    parked_at: Time,
    replayed_at: Option<Time>,
}

/// With what stood in it.
#[derive(Serialize, ToSchema)]
pub struct ParkedWithContent {
    #[serde(flatten)]
    parked: ParkedMessage,
    /// Decoded, with what may be secret masked; null where it is no JSON or too large.
    message: Value,
}

impl From<&Parked> for ParkedMessage {
    fn from(it: &Parked) -> Self {
        Self {
            id: it.id,
            origin: it.origin.clone(),
            reason: it.reason.clone(),
            count: it.count,
            bytes: BASE64.decode(&it.payload).map_or(it.payload.len(), |bytes| bytes.len()),
            parked_at: it.parked_at.into(),
            replayed_at: it.replayed_at.map(Time),
        }
    }
}

impl From<&Parked> for ParkedWithContent {
    fn from(it: &Parked) -> Self {
        let bytes = BASE64.decode(&it.payload).unwrap_or_default();
        let message = if bytes.len() <= SHOWN_MAX { serde_json::from_slice(&bytes).ok() } else { None };
        Self { parked: it.into(), message: message.map_or(Value::Null, masked) }
    }
}

/// Without the values of keys whose names say that they are secret, and without anything sealed.
fn masked(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .map(|(key, value)| {
                let value =
                    if names_a_secret(&key) && !value.is_null() { Value::from(MASK) } else { masked(value) };
                (key, value)
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(masked).collect(),
        Value::String(text) if text.starts_with("hpke1.") => Value::from(MASK),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wanlink_domain::time::Timestamp;

    fn shown(payload: &[u8]) -> Value {
        let parked = Parked {
            id: ParkedId(uuid::Uuid::nil()),
            origin: "journal".to_owned(),
            reason: "malformed".to_owned(),
            count: 1,
            payload: BASE64.encode(payload),
            parked_at: Timestamp(0),
            replayed_at: None,
        };
        serde_json::to_value(ParkedWithContent::from(&parked)).unwrap()
    }

    #[test]
    fn a_message_is_shown_without_what_may_be_secret() {
        let text = r#"{"body": [{"Password": "p-1", "user": "u", "secrets": {"a": "p-2"}, "x": "hpke1.p-3", "token": null}]}"#;
        let message = shown(text.as_bytes())["message"].to_string();
        assert!(message.contains(r#""user":"u""#) && !message.contains("p-"), "{message}");
        assert_eq!(shown(b"password=p-1")["message"], Value::Null);
        assert_eq!(shown(&b"[".repeat(SHOWN_MAX + 1))["bytes"], SHOWN_MAX + 1);
    }
}
