//! What the kernel says of processes: `/proc/PID/stat` and `/proc/PID/status` (proc(5)) as values. Pure.
//!
//! Deliberately absent: reading the files (`probe`).

use std::collections::{BTreeMap, BTreeSet};

/// One process's line in `stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    pub pid: u32,
    pub parent: u32,
    /// Clock ticks of its own (fields 14 and 15) and of its children that ended and were waited for (16 and 17). A
    /// child's ticks go over to its parent when it ends, so that the sum over a tree loses nothing.
    pub ticks: u64,
}

impl Stat {
    /// Reads the line. The name in brackets may hold spaces and brackets of its own: the last one counts.
    pub fn parse(line: &str) -> Option<Self> {
        let (pid, rest) = line.split_once(" (")?;
        let (_, rest) = rest.rsplit_once(") ")?;
        // The first of these is field 3, the state.
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        let ticks = (14..=17).map(number).sum::<Option<u64>>()?;
        Some(Self { pid: pid.parse().ok()?, parent: u32::try_from(number(4)?).ok()?, ticks })
    }
}

/// One process's memory in kB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The most that was resident since this was last reset.
    pub peak: u64,
    pub anonymous: u64,
    pub file: u64,
    pub shared: u64,
}

impl Memory {
    /// Reads `status`; what is absent (as in a kernel thread) is nothing.
    pub fn parse(status: &str) -> Self {
        let kilobytes = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'))?;
            line.trim().strip_suffix(" kB")?.trim().parse().ok()
        };
        let read = |key| kilobytes(key).unwrap_or(0);
        Self {
            peak: read("VmHWM"),
            anonymous: read("RssAnon"),
            file: read("RssFile"),
            shared: read("RssShmem"),
        }
    }

    /// What a tree of processes holds together: what each has alone, and once what they map alike.
    pub fn together(processes: &[Self]) -> u64 {
        let most = |of: fn(&Self) -> u64| processes.iter().map(of).max().unwrap_or(0);
        processes.iter().map(|it| it.anonymous).sum::<u64>() + most(|it| it.file) + most(|it| it.shared)
    }
}

/// A process and all below it.
pub fn tree(root: u32, all: &BTreeMap<u32, Stat>) -> BTreeSet<u32> {
    let mut tree: BTreeSet<u32> = all.contains_key(&root).then_some(root).into_iter().collect();
    loop {
        let more: Vec<u32> = all
            .values()
            .filter(|it| tree.contains(&it.parent) && !tree.contains(&it.pid))
            .map(|it| it.pid)
            .collect();
        if more.is_empty() {
            return tree;
        }
        tree.extend(more);
    }
}

/// Ticks of all processors since the start of the machine, from the first line of `/proc/stat`: those with work, and
/// all of them.
pub fn machine(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let fields: Vec<u64> = line.split_whitespace().map_while(|it| it.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; what guests use is in user already.
    let used = fields.get(..8)?;
    let all = used.iter().sum::<u64>();
    Some((all - used[3] - used[4], all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_whatever_the_process_is_called() {
        let tail = "S 7 1 1 0 -1 4194560 1 2 3 4 100 20 3 1 20 0 4 0 5 6 7";
        let expect = |pid| Some(Stat { pid, parent: 7, ticks: 124 });
        for (line, found) in [
            (format!("42 (wanlink) {tail}"), expect(42)),
            (format!("43 (a) b (c) {tail}\n"), expect(43)),
            (format!("44 (postgres: x y) {tail}"), expect(44)),
            ("45 (short) S 7 1".to_owned(), None),
            (format!("x (wanlink) {tail}"), None),
            (String::new(), None),
        ] {
            assert_eq!(Stat::parse(&line), found, "{line}");
        }
    }

    #[test]
    fn memory_is_what_status_says() {
        let status = "Name:\tx\nVmHWM:\t   2048 kB\nRssAnon:\t 10 kB\nRssFile:\t 20 kB\nRssShmem:\t 30 kB\nThreads:\t1\n";
        assert_eq!(Memory::parse(status), Memory { peak: 2_048, anonymous: 10, file: 20, shared: 30 });
        assert_eq!(Memory::parse("Name:\tkthreadd\n"), Memory::default());
    }

    #[test]
    fn what_processes_share_counts_once() {
        let of = |anonymous, file, shared| Memory { peak: 0, anonymous, file, shared };
        for (processes, expect) in
            [(vec![of(1, 10, 100)], 111), (vec![of(1, 10, 100), of(2, 30, 50)], 3 + 30 + 100), (vec![], 0)]
        {
            assert_eq!(Memory::together(&processes), expect);
        }
    }

    #[test]
    fn a_tree_holds_children_of_children_and_nobody_else() {
        let all: BTreeMap<u32, Stat> = [(1, 0), (5, 1), (3, 5), (4, 3), (9, 1)]
            .into_iter()
            .map(|(pid, parent)| (pid, Stat { pid, parent, ticks: 0 }))
            .collect();
        let found: Vec<u32> = tree(5, &all).into_iter().collect();
        assert_eq!(found, [3, 4, 5]);
        assert!(tree(77, &all).is_empty());
    }

    #[test]
    fn the_machine_s_ticks_are_those_with_work_and_all() {
        let stat = "cpu  10 1 5 100 20 2 3 4 7 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n";
        assert_eq!(machine(stat), Some((25, 145)));
        assert_eq!(machine("intr 1"), None);
        assert_eq!(machine("cpu  1 2"), None);
    }
}
