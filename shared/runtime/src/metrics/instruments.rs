//! The kinds of figures: counters, gauges, histograms, each with a fixed number of labels.
//!
//! A label's value is a `&'static str`: an id, which is a text of its own, cannot become one, so that the number of
//! series does not grow with accounts, links or requests. Deliberately absent: names (`table`).

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

type Set<const N: usize> = [(&'static str, &'static str); N];

fn set<const N: usize>(names: [&'static str; N], values: [&'static str; N]) -> Set<N> {
    std::array::from_fn(|n| (names[n], values[n]))
}

/// What can be put into a registry under a name.
pub(super) trait Instrument<const N: usize> {
    /// What the row of the table says of it.
    const KIND: &'static str;

    fn new(names: [&'static str; N]) -> Self;

    fn register(&self, name: &'static str, help: &'static str, registry: &mut Registry);
}

/// Something that only grows: how often, or how many.
pub struct Counts<const N: usize> {
    names: [&'static str; N],
    family: Family<Set<N>, Counter>,
}

impl<const N: usize> Counts<N> {
    pub fn one(&self, labels: [&'static str; N]) {
        self.add(labels, 1);
    }

    pub fn add(&self, labels: [&'static str; N], count: u64) {
        if count > 0 {
            self.family.get_or_create(&set(self.names, labels)).inc_by(count);
        }
    }

    /// As it stands now, for tests.
    pub fn get(&self, labels: [&'static str; N]) -> u64 {
        self.family.get(&set(self.names, labels)).map_or(0, |counter| counter.get())
    }
}

impl<const N: usize> Instrument<N> for Counts<N> {
    const KIND: &'static str = "counter";

    fn new(names: [&'static str; N]) -> Self {
        let family = Family::default();
        if N == 0 {
            drop(family.get_or_create(&set(names, [""; N])));
        }
        Self { names, family }
    }

    fn register(&self, name: &'static str, help: &'static str, registry: &mut Registry) {
        // The text format adds the ending itself.
        registry.register(name.strip_suffix("_total").unwrap_or(name), help, self.family.clone());
    }
}

/// Something that goes up and down.
pub struct Levels<const N: usize> {
    names: [&'static str; N],
    family: Family<Set<N>, Gauge<f64, AtomicU64>>,
}

impl<const N: usize> Levels<N> {
    pub fn set(&self, labels: [&'static str; N], level: f64) {
        self.family.get_or_create(&set(self.names, labels)).set(level);
    }

    pub fn add(&self, labels: [&'static str; N], by: f64) {
        self.family.get_or_create(&set(self.names, labels)).inc_by(by);
    }

    /// As it stands now, for tests.
    pub fn get(&self, labels: [&'static str; N]) -> f64 {
        self.family.get(&set(self.names, labels)).map_or(0.0, |gauge| gauge.get())
    }
}

impl<const N: usize> Instrument<N> for Levels<N> {
    const KIND: &'static str = "gauge";

    fn new(names: [&'static str; N]) -> Self {
        Self { names, family: Family::default() }
    }

    fn register(&self, name: &'static str, help: &'static str, registry: &mut Registry) {
        registry.register(name, help, self.family.clone());
    }
}

#[derive(Clone, Copy)]
struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

/// How long something takes, from half a millisecond to the longest time limit.
pub struct Times<const N: usize> {
    names: [&'static str; N],
    family: Family<Set<N>, Histogram, Buckets>,
}

const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

impl<const N: usize> Times<N> {
    pub fn observe(&self, labels: [&'static str; N], took: Duration) {
        self.family.get_or_create(&set(self.names, labels)).observe(took.as_secs_f64());
    }
}

impl<const N: usize> Instrument<N> for Times<N> {
    const KIND: &'static str = "histogram";

    fn new(names: [&'static str; N]) -> Self {
        Self { names, family: Family::new_with_constructor(Buckets(SECONDS)) }
    }

    fn register(&self, name: &'static str, help: &'static str, registry: &mut Registry) {
        registry.register(name, help, self.family.clone());
    }
}

/// How many at once, by powers of two up to the largest batch.
pub struct Sizes<const N: usize> {
    names: [&'static str; N],
    family: Family<Set<N>, Histogram, Buckets>,
}

const POWERS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

impl<const N: usize> Sizes<N> {
    pub fn observe(&self, labels: [&'static str; N], count: usize) {
        self.family.get_or_create(&set(self.names, labels)).observe(count as f64);
    }
}

impl<const N: usize> Instrument<N> for Sizes<N> {
    const KIND: &'static str = "histogram";

    fn new(names: [&'static str; N]) -> Self {
        Self { names, family: Family::new_with_constructor(Buckets(POWERS)) }
    }

    fn register(&self, name: &'static str, help: &'static str, registry: &mut Registry) {
        registry.register(name, help, self.family.clone());
    }
}

/// A total that is kept elsewhere and only copied here.
pub struct Copied<const N: usize>(Counter<f64, AtomicU64>);

impl<const N: usize> Copied<N> {
    /// Must not fall.
    pub fn set(&self, total: f64) {
        self.0.inner().store(total.to_bits(), Ordering::Relaxed);
    }
}

impl<const N: usize> Instrument<N> for Copied<N> {
    const KIND: &'static str = "counter";

    fn new(_: [&'static str; N]) -> Self {
        Self(Counter::default())
    }

    fn register(&self, name: &'static str, help: &'static str, registry: &mut Registry) {
        registry.register(name.strip_suffix("_total").unwrap_or(name), help, self.0.clone());
    }
}
