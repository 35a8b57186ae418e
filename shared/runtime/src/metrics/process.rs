//! What the kernel says of this process. Read when it is asked for; a figure that cannot be read keeps its last value.

use super::Figures;
use std::fs;

/// Reads everything anew.
pub(super) fn measure(figures: &Figures) {
    let cpu = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    figures.cpu.set(cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9);
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        if let Some(bytes) = kilobytes(&status, "VmRSS:") {
            figures.resident.set([], bytes);
        }
        if let Some(bytes) = kilobytes(&status, "VmHWM:") {
            figures.resident_peak.set([], bytes);
        }
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        figures.open_fds.set([], open.count() as f64);
    }
}

/// A line such as `VmRSS:   123 kB`, in bytes.
fn kilobytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let count: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(count * 1024.0)
}
