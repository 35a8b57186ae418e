//! The envelope `{v, kind, id, at, trace, body}` and the closed list of kinds.

use crate::{account, call, conductor, journal, lease, report};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wanlink_domain::ids::MessageId;
use wanlink_domain::time::Timestamp;
use wanlink_domain::validate::without_value;

/// The newest version that this build reads. It writes this one too, while it is the only one.
pub const NEWEST: u16 = 1;
/// The oldest version that this build reads.
pub const OLDEST: u16 = 1;

/// One message with what is known about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Envelope {
    pub id: MessageId,
    /// By the sender's wall clock; for people.
    pub at: Timestamp,
    /// W3C Trace Context `traceparent`, where the work is traced.
    pub trace: Option<String>,
    pub message: Message,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal ($body:ty)),+ $(,)?) => {
        /// Every kind of message.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Message {
            $($(#[$doc])* $name($body),)+
        }

        impl Message {
            /// All kinds, for fixtures and documentation.
            pub const KINDS: &'static [&'static str] = &[$($text),+];

            pub fn kind(&self) -> &'static str {
                match self { $(Self::$name(_) => $text,)+ }
            }

            fn body(&self) -> serde_json::Result<Value> {
                match self { $(Self::$name(body) => serde_json::to_value(body),)+ }
            }

            fn read(kind: &str, body: Value) -> Option<serde_json::Result<Self>> {
                match kind {
                    $($text => Some(serde_json::from_value::<$body>(body).map(Self::$name)),)+
                    _ => None,
                }
            }
        }

        $(impl From<$body> for Message {
            fn from(body: $body) -> Self {
                Self::$name(body)
            }
        })+
    };
}

kinds! {
    /// api -> `wan.journal`: a whole request.
    Request = "request"(journal::Request),
    /// conductor -> api: what became of requests.
    Journaled = "journaled"(journal::Journaled),

    /// api, conductor -> account queue: something may be run.
    Prompt = "prompt"(account::Prompt),
    /// conductor -> account queue: look how the building of a link goes.
    Poll = "poll"(account::Poll),
    /// conductor -> account queue: look at settled links.
    Observe = "observe"(account::Observe),

    /// worker -> `wan.conductor`: may I run these?
    Claim = "claim"(conductor::Claim),
    /// conductor -> worker.
    Verdicts = "verdicts"(conductor::Verdicts),
    /// worker -> `wan.conductor`: an account's settings and sealed credentials.
    Settings = "settings"(conductor::Settings),
    /// conductor -> worker.
    SettingsAnswer = "settings_answer"(conductor::SettingsAnswer),
    /// api -> `wan.conductor`: one change of the catalogue, or of work in progress.
    Command = "command"(conductor::Command),
    /// conductor -> api.
    Answer = "answer"(conductor::Answer),

    /// worker -> `wan.reports`: how attempts and polls ended.
    Report = "report"(report::Report),
    /// worker -> `wan.reports`: what observations found.
    Observed = "observed"(report::Observed),
    /// conductor -> worker: what became of its reports.
    Reported = "reported"(report::Reported),

    /// worker -> `wan.leases`: a session introduces itself.
    Register = "register"(lease::Register),
    /// worker -> `wan.leases`: all its accounts at once.
    Renew = "renew"(lease::Renew),
    /// conductor -> worker; answers both of these.
    Renewed = "renewed"(lease::Renewed),
    /// worker -> `wan.leases`: an account's status as its monitor sees it.
    UpdateWim = "update_wim"(lease::UpdateWim),
    /// conductor -> worker.
    WimUpdated = "wim_updated"(lease::WimUpdated),
    /// any role -> `wan.leases`: is there somebody, and does an answer reach me?
    Probe = "probe"(lease::Probe),
    /// conductor -> the asking role.
    Probed = "probed"(lease::Probed),

    /// broker-driven client -> `wan.requests`: a call as HTTP has it.
    Call = "call"(call::Call),
    /// api -> broker-driven client.
    Called = "called"(call::Called),

    /// anyone -> `wan.parked`: a message that could not be handled.
    Parked = "parked"(report::Parked),
}

#[derive(Serialize, Deserialize)]
struct Head {
    v: u16,
    kind: String,
    id: MessageId,
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
    body: Value,
}

/// Why a message cannot be read, which decides what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Give it back and be not ready: a newer process will read it.
    #[error("message version {0} is not one of {OLDEST} to {NEWEST}")]
    UnknownVersion(u16),
    /// Park it.
    #[error("unknown message kind {0:?}")]
    UnknownKind(String),
    /// Park it.
    #[error("malformed message: {0}")]
    Malformed(String),
}

/// Why writing cannot fail. An empty message in place of one that could not be written would be confirmed all the same.
const PLAIN_DATA: &str = "bodies are plain data with string keys, which JSON can always say";

/// Longest text of a reason that is told about a message.
const REASON_MAX: usize = 500;

/// Writes an envelope as JSON.
pub fn encode(envelope: &Envelope) -> Vec<u8> {
    let head = Head {
        v: NEWEST,
        kind: envelope.message.kind().to_owned(),
        id: envelope.id,
        at: envelope.at,
        trace: envelope.trace.clone(),
        body: envelope.message.body().expect(PLAIN_DATA),
    };
    serde_json::to_vec(&head).expect(PLAIN_DATA)
}

/// Reads an envelope. The version is judged before anything else, for a newer one may look like nothing we know.
pub fn decode(bytes: &[u8]) -> Result<Envelope, DecodeError> {
    #[derive(Deserialize)]
    struct Version {
        v: u16,
    }
    let malformed = |error: serde_json::Error| DecodeError::Malformed(told(&error));
    let Version { v } = serde_json::from_slice(bytes).map_err(malformed)?;
    if !(OLDEST..=NEWEST).contains(&v) {
        return Err(DecodeError::UnknownVersion(v));
    }
    let head: Head = serde_json::from_slice(bytes).map_err(malformed)?;
    match Message::read(&head.kind, head.body) {
        None => Err(DecodeError::UnknownKind(printable(&head.kind))),
        Some(Err(error)) => Err(DecodeError::Malformed(format!("{}: {}", head.kind, told(&error)))),
        Some(Ok(message)) => Ok(Envelope { id: head.id, at: head.at, trace: head.trace, message }),
    }
}

/// A parser's words without the value that it met, which may be a secret in the wrong place.
fn told(error: &serde_json::Error) -> String {
    printable(&without_value(&error.to_string()))
}

/// Bounded, and without what a terminal or a database would stumble over.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(REASON_MAX).collect()
}
