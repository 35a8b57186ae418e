//! Traces: one request followed through all roles, as spans that a collector joins by W3C Trace Context.
//!
//! A span is made only where its parent is sampled, so that what nobody records costs a comparison: no allocation, no
//! clock. Ids and times come from the process's entropy and clock. Ended spans go into a bounded line; one that finds no
//! room is counted and gone, for work never waits for its trace. Deliberately absent: HTTP (whoever assembles the roles
//! takes the line's other end), a global tracer, and spans of what no request asked for.

mod otlp;

pub use otlp::encode;

use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::metrics::{Metrics, Role};
use std::sync::Arc;
use tokio::sync::mpsc;
use wanlink_domain::time::Timestamp;
use wanlink_domain::trace::TraceParent;

/// What a span is to the one on the other side, as OTLP numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Internal = 1,
    Server = 2,
    Client = 3,
    Producer = 4,
    Consumer = 5,
}

/// What is known about a span. Texts are ids, names and codes: never a credential, a body or a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Text(String),
    Number(i64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// A span that has ended.
#[derive(Clone, Debug)]
pub struct Ended {
    pub role: Role,
    pub name: String,
    pub kind: Kind,
    pub own: TraceParent,
    pub parent: Option<u64>,
    pub start: Timestamp,
    pub end: Timestamp,
    pub attributes: Vec<(&'static str, Value)>,
    /// Why it failed.
    pub failed: Option<String>,
}

struct Recorder {
    role: Role,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// A trace is begun where 64 random bits are below this.
    share: u64,
    line: mpsc::Sender<Ended>,
    metrics: Arc<Metrics>,
}

/// Makes the spans of one role. The default makes none.
#[derive(Clone, Default)]
pub struct Tracer(Option<Arc<Recorder>>);

/// What a tracer is made of.
pub struct Recording {
    pub role: Role,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// Of the calls that come without a trace, the share that begins one: 0 to 1.
    pub sample: f64,
    pub line: mpsc::Sender<Ended>,
    pub metrics: Arc<Metrics>,
}

impl Tracer {
    pub fn new(recording: Recording) -> Self {
        let Recording { role, clock, entropy, sample, line, metrics } = recording;
        let share = (sample.clamp(0.0, 1.0) * u64::MAX as f64) as u64;
        Self(Some(Arc::new(Recorder { role, clock, entropy, share, line, metrics })))
    }

    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The first span of a call that came from outside: its caller decides whether it is recorded, or else the share.
    pub fn enter(&self, kind: Kind, incoming: Option<TraceParent>, name: impl FnOnce() -> String) -> Span {
        let Some(recorder) = &self.0 else { return Span::none() };
        match incoming {
            Some(parent) => self.child(Some(parent), kind, name),
            None if recorder.entropy.bits() < recorder.share => {
                let trace =
                    u128::from(recorder.entropy.bits().max(1)) << 64 | u128::from(recorder.entropy.bits());
                Span::begin(recorder, trace, None, kind, name())
            }
            None => Span::none(),
        }
    }

    /// A span below `parent`, if that is recorded.
    pub fn child(&self, parent: Option<TraceParent>, kind: Kind, name: impl FnOnce() -> String) -> Span {
        match (&self.0, parent) {
            (Some(recorder), Some(parent)) if parent.sampled => {
                Span::begin(recorder, parent.trace, Some(parent.span), kind, name())
            }
            _ => Span::none(),
        }
    }

    /// The time now as spans have it, where one may be begun later as of now.
    pub fn now(&self) -> Option<Timestamp> {
        self.0.as_ref().map(|recorder| recorder.clock.wall())
    }
}

/// Something that takes time; ends when it is dropped. Mostly nothing at all.
#[derive(Default)]
pub struct Span(Option<Box<Open>>);

struct Open {
    recorder: Arc<Recorder>,
    span: Ended,
}

impl Span {
    pub fn none() -> Self {
        Self(None)
    }

    fn begin(recorder: &Arc<Recorder>, trace: u128, parent: Option<u64>, kind: Kind, name: String) -> Self {
        let now = recorder.clock.wall();
        let own = TraceParent { trace, span: recorder.entropy.bits().max(1), sampled: true };
        let span = Ended {
            role: recorder.role,
            name,
            kind,
            own,
            parent,
            start: now,
            end: now,
            attributes: Vec::new(),
            failed: None,
        };
        Self(Some(Box::new(Open { recorder: recorder.clone(), span })))
    }

    /// What is sent along, so that what follows from this is below it. `None`: nothing is recorded.
    pub fn context(&self) -> Option<TraceParent> {
        self.0.as_ref().map(|open| open.span.own)
    }

    /// It began earlier than it was made.
    #[must_use]
    pub fn since(mut self, start: Timestamp) -> Self {
        if let Some(open) = &mut self.0 {
            open.span.start = start.min(open.span.start);
        }
        self
    }

    /// Says something about it; the value is made only where it is recorded.
    pub fn set<V: Into<Value>>(&mut self, key: &'static str, value: impl FnOnce() -> V) {
        if let Some(open) = &mut self.0 {
            open.span.attributes.push((key, value().into()));
        }
    }

    pub fn fail(&mut self, why: impl FnOnce() -> String) {
        if let Some(open) = &mut self.0 {
            open.span.failed = Some(why());
        }
    }

    /// `work` below this span, also in another task: what it calls finds the span by [`child`].
    pub fn around<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        let current = self.0.as_ref().map(|open| (Tracer(Some(open.recorder.clone())), open.span.own));
        async move {
            match current {
                None => work.await,
                Some(current) => CURRENT.scope(current, work).await,
            }
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        let Some(open) = self.0.take() else { return };
        let Open { recorder, mut span } = *open;
        span.end = recorder.clock.wall().max(span.start);
        if recorder.line.try_send(span).is_err() {
            recorder.metrics.spans.one(["dropped"]);
        }
    }
}

tokio::task_local! {
    static CURRENT: (Tracer, TraceParent);
}

/// A span below the one that surrounds this task's work, if there is one.
pub fn child(kind: Kind, name: impl FnOnce() -> String) -> Span {
    let made = CURRENT.try_with(|(tracer, parent)| tracer.child(Some(*parent), kind, name));
    made.unwrap_or_default()
}

/// The span that surrounds this task's work.
pub fn current() -> Option<TraceParent> {
    CURRENT.try_with(|(_, parent)| *parent).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::entropy::SeededEntropy;

    fn tracer(sample: f64, room: usize) -> (Tracer, mpsc::Receiver<Ended>, Arc<Metrics>) {
        let (line, ended) = mpsc::channel(room);
        let metrics = Arc::new(Metrics::default());
        let recording = Recording {
            role: Role::Api,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SeededEntropy::new(7)),
            sample,
            line,
            metrics: metrics.clone(),
        };
        (Tracer::new(recording), ended, metrics)
    }

    fn named(name: &'static str) -> impl FnOnce() -> String {
        move || name.to_owned()
    }

    const CALLER: TraceParent = TraceParent { trace: 5, span: 6, sampled: true };

    #[tokio::test]
    async fn spans_are_joined_through_messages_and_through_what_is_called() {
        let (tracer, mut ended, _) = tracer(0.0, 8);
        let mut call = tracer.enter(Kind::Server, Some(CALLER), named("call"));
        let inner = call.around(async { child(Kind::Client, named("inner")).context() }).await;
        let sent = tracer.child(call.context(), Kind::Consumer, named("sent"));
        call.set("wanlink.links", || 3);
        call.fail(|| "refused".to_owned());
        drop((sent, call));
        let spans: Vec<Ended> = std::iter::from_fn(|| ended.try_recv().ok()).collect();
        let seen: Vec<(&str, Option<u64>)> = spans.iter().map(|it| (it.name.as_str(), it.parent)).collect();
        let own = spans[2].own.span;
        assert_eq!(seen, [("inner", Some(own)), ("sent", Some(own)), ("call", Some(CALLER.span))]);
        assert!(spans.iter().all(|span| span.own.trace == CALLER.trace && span.end >= span.start));
        assert_eq!(inner, Some(spans[0].own));
        assert_eq!(spans[2].attributes, [("wanlink.links", Value::Number(3))]);
        assert_eq!(spans[2].failed.as_deref(), Some("refused"));
    }

    #[tokio::test]
    async fn what_nobody_records_makes_nothing() {
        let unsampled = TraceParent { sampled: false, ..CALLER };
        let (tracer, mut ended, _) = tracer(0.0, 8);
        let never = || -> String { panic!("a name is made") };
        for span in [
            tracer.enter(Kind::Server, None, never),
            tracer.enter(Kind::Server, Some(unsampled), never),
            tracer.child(None, Kind::Client, never),
            Tracer::default().enter(Kind::Server, Some(CALLER), never),
            child(Kind::Client, never),
        ] {
            assert_eq!(span.context(), None);
            let mut span = span;
            span.set("key", || -> &str { panic!("a value is made") });
            assert_eq!(span.around(async { current() }).await, None);
        }
        assert!(ended.try_recv().is_err() && Tracer::default().now().is_none());
    }

    #[test]
    fn the_share_of_calls_that_begin_a_trace_is_as_configured() {
        for (sample, least, most) in [(0.0, 0, 0), (0.25, 200, 300), (1.0, 1_000, 1_000)] {
            let (tracer, _ended, _) = tracer(sample, 1_000);
            let begun = (0..1_000)
                .filter(|_| tracer.enter(Kind::Server, None, named("call")).context().is_some())
                .count();
            assert!((least..=most).contains(&begun), "{begun} of 1000 at {sample}");
        }
    }

    #[test]
    fn a_span_that_finds_no_room_is_counted_and_gone() {
        let (tracer, _ended, metrics) = tracer(1.0, 2);
        for _ in 0..5 {
            drop(tracer.enter(Kind::Server, None, named("call")));
        }
        assert_eq!(metrics.spans.get(["dropped"]), 3);
    }

    #[test]
    fn what_began_before_it_was_recorded_says_so() {
        let (tracer, mut ended, _) = tracer(0.0, 2);
        drop(tracer.child(Some(CALLER), Kind::Consumer, named("wait")).since(Timestamp(9)));
        assert_eq!(ended.try_recv().map(|span| span.start).ok(), Some(Timestamp(9)));
    }
}
