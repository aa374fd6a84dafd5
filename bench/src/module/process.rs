//! What a running process has used, as Linux counts it.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// CPU time of all threads that still run. In nanoseconds; `times` would count in hundredths of a second.
pub(crate) fn cpu(id: u32) -> Result<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{id}/task"))? {
        // A thread may end while the list is read.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else {
            continue;
        };
        let spent = text.split(' ').next().and_then(|word| word.parse().ok());
        nanoseconds += spent.unwrap_or(0_u64);
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Bytes of memory that are resident.
pub(crate) fn resident(id: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: u64 = line
        .and_then(|line| line.trim().strip_suffix("kB"))
        .and_then(|number| number.trim().parse().ok())
        .context("no VmRSS")?;
    Ok(kilobytes * 1024)
}
