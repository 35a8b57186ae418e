//! The envelope `{v, kind, id, at, trace, body}` and the closed list of kinds.

use crate::{account, call, conductor, journal, lease, report};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use std::borrow::Cow;
use wanlink_domain::ids::MessageId;
use wanlink_domain::time::Timestamp;
use wanlink_domain::trace::{TraceParent, lenient};
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
    /// Where the work stands in a trace; only where that is recorded.
    pub trace: Option<TraceParent>,
    pub message: Message,
}

impl Envelope {
    /// The messages that this one stands for: one for each of several requests, else itself.
    pub fn unbundle(self) -> Vec<Envelope> {
        let Self { id, at, trace, message } = self;
        match message {
            Message::Requests(bundle) => bundle
                .requests
                .into_iter()
                .map(|one| Self { id, at, trace: one.trace, message: one.request.into() })
                .collect(),
            message => vec![Self { id, at, trace, message }],
        }
    }
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

            fn read(kind: &str, body: &RawValue) -> Option<serde_json::Result<Self>> {
                match kind {
                    $($text => Some(serde_json::from_str::<$body>(body.get()).map(Self::$name)),)+
                    _ => None,
                }
            }
        }

        /// The body alone, as the envelope holds it.
        impl Serialize for Body<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self.0 { $(Message::$name(body) => body.serialize(serializer),)+ }
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
    /// api -> `wan.journal`: several whole requests.
    Requests = "requests"(journal::Requests),
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
    /// worker -> `wan.conductor`: what an account's settled links are known to be.
    Links = "links"(conductor::Links),
    /// conductor -> worker.
    LinksAnswer = "links_answer"(conductor::LinksAnswer),
    /// api -> `wan.conductor`: one change of the catalogue, or of work in progress.
    Command = "command"(conductor::Command),
    /// conductor -> api.
    Answer = "answer"(conductor::Answer),

    /// worker -> `wan.reports`: how attempts and polls ended.
    Report = "report"(report::Report),
    /// worker -> `wan.reports`: what observations found.
    Observed = "observed"(report::Observed),
    /// worker -> `wan.reports`: a whole account was compared with a list.
    Listed = "listed"(report::Listed),
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

struct Body<'a>(&'a Message);

#[derive(Serialize)]
struct Written<'a> {
    v: u16,
    kind: &'static str,
    id: MessageId,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<TraceParent>,
    body: Body<'a>,
}

/// The body stays text until its kind is known: most of a message is read once.
#[derive(Deserialize)]
struct Read<'a> {
    v: u16,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    id: MessageId,
    at: Timestamp,
    #[serde(default, deserialize_with = "lenient")]
    trace: Option<TraceParent>,
    #[serde(borrow)]
    body: &'a RawValue,
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
    let written = Written {
        v: NEWEST,
        kind: envelope.message.kind(),
        id: envelope.id,
        at: envelope.at,
        trace: envelope.trace,
        body: Body(&envelope.message),
    };
    serde_json::to_vec(&written).expect(PLAIN_DATA)
}

/// Reads an envelope. The version is judged before anything else, for a newer one may look like nothing we know.
pub fn decode(bytes: &[u8]) -> Result<Envelope, DecodeError> {
    #[derive(Deserialize)]
    struct Version {
        v: u16,
    }
    let malformed = |error: serde_json::Error| DecodeError::Malformed(told(&error));
    let known = |v| if (OLDEST..=NEWEST).contains(&v) { Ok(()) } else { Err(DecodeError::UnknownVersion(v)) };
    let read: Read<'_> = match serde_json::from_slice(bytes) {
        Ok(read) => read,
        Err(error) => {
            let Version { v } = serde_json::from_slice(bytes).map_err(malformed)?;
            known(v)?;
            return Err(malformed(error));
        }
    };
    known(read.v)?;
    match Message::read(&read.kind, read.body) {
        None => Err(DecodeError::UnknownKind(printable(&read.kind))),
        Some(Err(error)) => Err(DecodeError::Malformed(format!("{}: {}", read.kind, told(&error)))),
        Some(Ok(message)) => Ok(Envelope { id: read.id, at: read.at, trace: read.trace, message }),
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
