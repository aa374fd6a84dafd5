//! What modules and the proxy say, kept in memory so that a test can read it.

use std::sync::{Arc, Mutex, PoisonError};

/// Severity, numbered as in the binary interface.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Finest detail.
    Trace,
    /// For developers.
    Debug,
    /// Normal operation.
    Info,
    /// Unexpected and survivable.
    Warn,
    /// A request or configuration failed.
    Error,
    /// The module cannot go on.
    Critical,
}

impl LogLevel {
    pub(super) fn from_abi(number: i32) -> Option<LogLevel> {
        Some(match number {
            0 => LogLevel::Trace,
            1 => LogLevel::Debug,
            2 => LogLevel::Info,
            3 => LogLevel::Warn,
            4 => LogLevel::Error,
            5 => LogLevel::Critical,
            _ => return None,
        })
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How severe.
    pub level: LogLevel,
    /// Who said it: `wasm` for the module (also its standard output and error), `access` for an access log, `proxy` for the proxy itself.
    pub source: &'static str,
    /// The line without its end. Bytes that are not UTF-8 are replaced.
    pub text: String,
}

/// A log shared by all workers. Lines below its level are dropped.
///
/// It keeps the last [`Logs::CAPACITY`] lines, so a long run holds bounded memory.
#[derive(Clone, Debug)]
pub struct Logs {
    level: LogLevel,
    lines: Arc<Mutex<std::collections::VecDeque<LogLine>>>,
}

impl Logs {
    /// How many lines are kept.
    pub const CAPACITY: usize = 100_000;

    /// An empty log that takes lines of `level` and above.
    pub fn new(level: LogLevel) -> Logs {
        Logs {
            level,
            lines: Arc::default(),
        }
    }

    /// The level below which lines are dropped.
    pub fn level(&self) -> LogLevel {
        self.level
    }

    /// Adds a line.
    pub fn push(&self, level: LogLevel, source: &'static str, text: impl Into<String>) {
        if level < self.level && source != "access" {
            return;
        }
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == Self::CAPACITY {
            lines.pop_front();
        }
        lines.push_back(LogLine {
            level,
            source,
            text: text.into(),
        });
    }

    /// All lines kept, oldest first.
    pub fn lines(&self) -> Vec<LogLine> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}

/// Findings about a module: what it did that would crash, hang or corrupt a stream in Envoy. Empty after a good run.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Arc<Mutex<Vec<String>>>);

impl Diagnostics {
    /// Records a finding. The first thousand are kept.
    pub fn report(&self, finding: impl Into<String>) {
        let mut findings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if findings.len() < 1000 {
            findings.push(finding.into());
        }
    }

    /// All findings, oldest first.
    pub fn findings(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
