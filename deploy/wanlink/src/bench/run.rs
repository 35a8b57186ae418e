//! One run of load from its estate to its figures.

use super::estate::{self, Estate};
use super::http::Address;
use super::load::{self, Call, Load, Outcome};
use super::options::LoadArgs;
use super::probe::{self, OTHERS, Probe};
use super::result::{Outcomes, tenths};
use super::schedule::Schedule;
use super::settle::Reader;
use crate::client::names::Names;
use crate::client::output::{self, Format};
use crate::client::session::Session;
use crate::exit::Failure;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use wanlink_runtime::clock::{Clock as _, SystemClock};
use wanlink_runtime::entropy::{Entropy as _, SeededEntropy, SystemEntropy};
use wanlink_runtime::tasks::Tasks;

/// `wanlink bench load`.
pub async fn run(session: &Session, args: &LoadArgs) -> Result<(), Failure> {
    let prefix = match &args.prefix {
        Some(prefix) => named(prefix)?,
        None => format!("bench-{:08x}", SystemEntropy.bits() >> 32),
    };
    eprintln!("everything is named {prefix}, {prefix}-...");
    let measured = measure(session, args, &prefix).await;
    if !args.keep {
        estate::remove(&session.client, &prefix).await?;
    }
    let (view, fault) = measured?;
    print(session.format, &view)?;
    fault.map_or(Ok(()), |fault| Err(Failure::failed(fault)))
}

/// `wanlink bench clean`.
pub async fn clean(session: &Session, prefix: &str) -> Result<(), Failure> {
    estate::remove(&session.client, &named(prefix)?).await
}

fn named(prefix: &str) -> Result<String, Failure> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if prefix.is_empty() || prefix.len() > 40 || !prefix.chars().all(fits) {
        return Err(Failure::usage("--prefix: 1 to 40 letters, digits or dashes"));
    }
    Ok(prefix.to_owned())
}

/// The figures, and what went wrong.
async fn measure(
    session: &Session,
    args: &LoadArgs,
    prefix: &str,
) -> Result<(Value, Option<String>), Failure> {
    let address = Address::parse(session.client.base())?;
    let estate = Estate::make(&session.client, args, prefix).await?;
    let schedule = args
        .rate
        .map(|rate| Schedule::new(args.calls(), rate, args.arrivals, &SeededEntropy::new(args.seed)));
    let tasks = Tasks::new();
    let mut reader = Reader::open(&address, &tasks, args.patience).await?;
    let probe = Probe::start(&args.groups);
    let counted = count(args).await?;
    let (ticks, began) = (probe.ticks(), SystemClock.wall());

    let load = Load { address, estate, calls: args.calls(), clients: args.clients, schedule };
    let (calls, start) = load::run(load).await?;
    let queued = match &args.when_queued {
        None => None,
        Some(command) => {
            let peaks = probe.peaks();
            drop(probe::run(command).await?);
            probe.reset();
            Some(peaks)
        }
    };
    reader.wait(&calls).await?;

    let used = probe::seconds_between(&ticks, &probe.ticks());
    let (peaks, grown) = (probe.peaks(), grown(args, &counted).await?);
    let within = SystemClock.wall().since(began);
    let ends = reader.ends(&calls).await?;
    let outcomes = Outcomes::new(start, &calls, &ends);
    let per_action =
        |value: f64| tenths(value / f64::from(u32::try_from(accepted(&calls)).unwrap_or(u32::MAX)));
    let mut view = parameters(args);
    view.insert("at".to_owned(), json!(began.to_string()));
    view.extend(outcomes.view().as_object().cloned().unwrap_or_default());
    let each = |of: &BTreeMap<String, f64>, scale: f64| -> Map<String, Value> {
        of.iter().map(|(name, value)| (name.clone(), json!(per_action(value * scale)))).collect()
    };
    view.insert("cpu_us_per_action".to_owned(), Value::Object(each(&used, 1e6)));
    view.insert("cpu_cores".to_owned(), cores(&used, within));
    view.insert("counted_per_1000_actions".to_owned(), Value::Object(each(&grown, 1e3)));
    view.insert("memory_peak_mb".to_owned(), megabytes(&peaks));
    if let Some(queued) = queued {
        view.insert("memory_queued_mb".to_owned(), megabytes(&queued));
    }
    if let Some(span) = args.watch {
        view.insert("watched".to_owned(), watch(&probe, args.watch_after, span).await);
    }
    probe.stop().await;
    tasks.stop(Duration::from_secs(1)).await;
    Ok((Value::Object(view), outcomes.fault()))
}

/// What the settled system does by itself.
async fn watch(probe: &Probe, after: Duration, span: Duration) -> Value {
    eprintln!("waiting {} s, then watching for {} s", after.as_secs(), span.as_secs());
    tokio::time::sleep(after).await;
    let (ticks, began) = (probe.ticks(), SystemClock.mono());
    tokio::time::sleep(span).await;
    let within = SystemClock.mono().saturating_sub(began);
    json!({"seconds": within.as_secs(), "cpu_cores": cores(&probe::seconds_between(&ticks, &probe.ticks()), within)})
}

fn accepted(calls: &[Call]) -> usize {
    let actions = calls.iter().map(|call| match &call.outcome {
        Outcome::Accepted(accepted) => accepted.actions.len(),
        Outcome::Failed(_) => 0,
    });
    actions.sum()
}

/// Shares of one core.
fn cores(used: &BTreeMap<String, f64>, within: Duration) -> Value {
    let share = |seconds: f64| (seconds / within.as_secs_f64() * 1_000.0).round() / 1_000.0;
    used.iter().map(|(name, seconds)| (name.clone(), json!(share(*seconds)))).collect()
}

fn megabytes(kilobytes: &BTreeMap<String, u64>) -> Value {
    let mega = |kilo: u64| tenths(f64::from(u32::try_from(kilo).unwrap_or(u32::MAX)) / 1_024.0);
    kilobytes.iter().map(|(name, kilo)| (name.clone(), json!(mega(*kilo)))).collect()
}

async fn count(args: &LoadArgs) -> Result<Vec<f64>, Failure> {
    let mut counted = Vec::new();
    for counter in &args.counters {
        counted.push(counter.read().await?);
    }
    Ok(counted)
}

async fn grown(args: &LoadArgs, before: &[f64]) -> Result<BTreeMap<String, f64>, Failure> {
    let after = count(args).await?;
    let grown = args.counters.iter().zip(after.iter().zip(before));
    Ok(grown.map(|(counter, (after, before))| (counter.name.clone(), after - before)).collect())
}

fn parameters(args: &LoadArgs) -> Map<String, Value> {
    let value = json!({
        "accounts": args.accounts,
        "clients": args.clients,
        "links_per_request": args.links_per_request,
        "rate": args.rate,
        "controller_latency_ms": u64::try_from(args.controller_latency.as_millis()).unwrap_or(u64::MAX),
        "max_in_flight": args.max_in_flight,
    });
    value.as_object().cloned().unwrap_or_default()
}

fn print(format: Format, view: &Value) -> Result<(), Failure> {
    let shown: Vec<(&str, &str)> = ["links", "accepted", "settled", "lost", "repeats", "settled_per_s"]
        .into_iter()
        .zip(["/links", "/accepted", "/settled", "/lost", "/repeats", "/settled_per_s"])
        .collect();
    if view["cpu_cores"][OTHERS].as_f64().is_some_and(|cores| cores > 0.1) && format.is_table() {
        eprintln!(
            "others on this machine used {} of a core: these figures are not of a quiet one",
            view["cpu_cores"][OTHERS]
        );
    }
    output::object(format, &shown, &Names::default(), view)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_word_that_needs_no_escaping() {
        for (prefix, fits) in
            [("b-1", true), ("", false), ("a b", false), ("a\"", false), (&"x".repeat(41), false)]
        {
            assert_eq!(named(prefix).is_ok(), fits, "{prefix:?}");
        }
    }

    #[test]
    fn shares_are_of_one_core() {
        let used = BTreeMap::from([("api".to_owned(), 5.0)]);
        assert_eq!(cores(&used, Duration::from_secs(20)), json!({"api": 0.25}));
        assert_eq!(megabytes(&BTreeMap::from([("api".to_owned(), 1_536)])), json!({"api": 1.5}));
    }
}
