//! What a run costs: processor time and memory of named processes and all below them, and counters that commands
//! print, read before and after.
//!
//! Deliberately absent: finding the processes. Whoever started them knows their numbers.

use super::procfs::{self, Memory, Stat};
use crate::exit::Failure;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::process::Command;
use wanlink_runtime::tasks::Tasks;

/// Between two looks at the memory of processes that have children.
const SAMPLE_EVERY: Duration = Duration::from_millis(500);
/// The bench itself, and everything on the machine that is not named.
pub const OWN: &str = "bench";
pub const OTHERS: &str = "others";

/// A process with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    root: Root,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Root {
    Pid(u32),
    /// A file that holds the number: of a process that may not be there yet.
    File(PathBuf),
}

impl Group {
    /// Reads `NAME=PID` or `NAME=@FILE`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "expected NAME=PID or NAME=@FILE, as in worker=4711".to_owned();
        let (name, root) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(wrong)?;
        let root = match root.strip_prefix('@') {
            Some(file) if !file.is_empty() => Root::File(PathBuf::from(file)),
            _ => Root::Pid(root.parse().map_err(|_| wrong())?),
        };
        Ok(Self { name: name.to_owned(), root })
    }

    fn pid(&self) -> Option<u32> {
        match &self.root {
            Root::Pid(pid) => Some(*pid),
            // A postmaster's file has the number on its first line.
            Root::File(file) => std::fs::read_to_string(file).ok()?.lines().next()?.trim().parse().ok(),
        }
    }
}

/// A command that prints a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    pub name: String,
    command: String,
}

impl Counter {
    /// Reads `NAME=COMMAND`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, command)) if !name.is_empty() && !command.is_empty() => {
                Ok(Self { name: name.to_owned(), command: command.to_owned() })
            }
            _ => Err("expected NAME=COMMAND".to_owned()),
        }
    }

    pub async fn read(&self) -> Result<f64, Failure> {
        let printed = run(&self.command).await?;
        let number = printed.trim().parse();
        number.map_err(|_| Failure::failed(format!("counter {}: {printed:?} is no number", self.name)))
    }
}

/// Runs a command of the shell's and answers what it prints.
pub async fn run(command: &str) -> Result<String, Failure> {
    let output =
        Command::new("sh").args(["-c", command]).stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.await.map_err(|error| Failure::failed(format!("{command}: {error}")))?;
    if !output.status.success() {
        return Err(Failure::failed(format!("{command}: {}", output.status)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Processor time in ticks by group, with the bench's own and everybody else's.
pub type Ticks = BTreeMap<String, u64>;

/// Watches the groups' memory from its start on.
pub struct Probe {
    groups: Vec<Group>,
    peaks: Arc<Mutex<BTreeMap<String, u64>>>,
    tasks: Tasks,
}

impl Probe {
    /// Starts the peaks anew.
    pub fn start(groups: &[Group]) -> Self {
        let probe = Self { groups: groups.to_vec(), peaks: Arc::default(), tasks: Tasks::new() };
        probe.reset();
        let (groups, peaks) = (probe.groups.clone(), probe.peaks.clone());
        let stopped = probe.tasks.clone();
        probe.tasks.spawn(async move {
            while tokio::time::timeout(SAMPLE_EVERY, stopped.stopped()).await.is_err() {
                sample(&groups, &mut lock(&peaks));
            }
        });
        probe
    }

    /// Forgets the peaks so far.
    pub fn reset(&self) {
        for pid in self.groups.iter().filter_map(Group::pid) {
            // Resets the kernel's own mark (proc(5), clear_refs). Refused: the mark is since the process's start.
            drop(std::fs::write(format!("/proc/{pid}/clear_refs"), "5"));
        }
        lock(&self.peaks).clear();
    }

    /// The most memory of each group since the last reset, in kB.
    pub fn peaks(&self) -> BTreeMap<String, u64> {
        let mut peaks = lock(&self.peaks);
        sample(&self.groups, &mut peaks);
        peaks.clone()
    }

    pub fn ticks(&self) -> Ticks {
        let all = processes();
        let of = |root| procfs::tree(root, &all).iter().map(|pid| all[pid].ticks).sum::<u64>();
        let mut ticks: Ticks =
            self.groups.iter().filter_map(|group| Some((group.name.clone(), of(group.pid()?)))).collect();
        let own = all.get(&std::process::id()).map_or(0, |stat| stat.ticks);
        ticks.insert(OWN.to_owned(), own);
        if let Some((used, _)) =
            std::fs::read_to_string("/proc/stat").ok().and_then(|it| procfs::machine(&it))
        {
            let named: u64 = ticks.values().sum();
            ticks.insert(OTHERS.to_owned(), used.saturating_sub(named));
        }
        ticks
    }

    pub async fn stop(self) {
        self.tasks.stop(Duration::from_secs(1)).await;
    }
}

/// What was used between two readings, in seconds.
pub fn seconds_between(before: &Ticks, after: &Ticks) -> BTreeMap<String, f64> {
    let per_second = f64::from(u32::try_from(rustix::param::clock_ticks_per_second()).unwrap_or(100));
    let used = |name: &String, after: u64| {
        let ticks = after.saturating_sub(before.get(name).copied().unwrap_or(0));
        f64::from(u32::try_from(ticks).unwrap_or(u32::MAX)) / per_second
    };
    after.iter().map(|(name, after)| (name.clone(), used(name, *after))).collect()
}

fn lock(peaks: &Mutex<BTreeMap<String, u64>>) -> MutexGuard<'_, BTreeMap<String, u64>> {
    peaks.lock().unwrap_or_else(PoisonError::into_inner)
}

fn sample(groups: &[Group], peaks: &mut BTreeMap<String, u64>) {
    let all = processes();
    for group in groups {
        let Some(pid) = group.pid() else { continue };
        let memory: Vec<Memory> = procfs::tree(pid, &all).iter().filter_map(|pid| memory(*pid)).collect();
        let now = match memory.as_slice() {
            [one] => one.peak,
            several => Memory::together(several),
        };
        let peak = peaks.entry(group.name.clone()).or_default();
        *peak = now.max(*peak);
    }
}

fn memory(pid: u32) -> Option<Memory> {
    std::fs::read_to_string(format!("/proc/{pid}/status")).ok().map(|it| Memory::parse(&it))
}

fn processes() -> BTreeMap<u32, Stat> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return BTreeMap::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter_map(|pid| Stat::parse(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?))
        .map(|stat| (stat.pid, stat))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_a_name_and_a_process() {
        let file = Root::File(PathBuf::from("/run/worker.pid"));
        for (text, expect) in [
            ("api=12", Some(("api", Root::Pid(12)))),
            ("worker=@/run/worker.pid", Some(("worker", file))),
            ("worker=@", None),
            ("=12", None),
            ("api", None),
            ("api=x", None),
        ] {
            let expect = expect.map(|(name, root)| Group { name: name.to_owned(), root });
            assert_eq!(Group::parse(text).ok(), expect, "{text}");
        }
    }

    #[tokio::test]
    async fn a_counter_is_what_its_command_prints() {
        let read = async |text: &str| Counter::parse(text).expect("a counter").read().await;
        assert_eq!(read("n=echo 4.5").await, Ok(4.5));
        assert!(read("n=echo many").await.is_err_and(|it| it.message.contains("many")));
        assert!(read("n=exit 3").await.is_err());
        assert!(Counter::parse("n").is_err() && Counter::parse("=x").is_err());
    }

    #[test]
    fn a_process_that_works_is_seen_working() {
        let group = Group { name: "me".to_owned(), root: Root::Pid(std::process::id()) };
        let probe = Probe { groups: vec![group], peaks: Arc::default(), tasks: Tasks::new() };
        let before = probe.ticks();
        while seconds_between(&before, &probe.ticks())["me"] < 0.02 {
            std::hint::black_box((0..100_000_u64).sum::<u64>());
        }
        assert!(probe.peaks()["me"] > 1_000, "a test takes more than a megabyte");
        assert!(before.contains_key(OWN) && before.contains_key(OTHERS));
    }
}
