//! What a check found out, and how it is told.

use std::io::{self, Write};

use crate::terminal::Paint;

/// All findings of a check.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// What has to be mended, each in one or more lines.
    pub(crate) problems: Vec<String>,
    /// What may be meant so.
    pub(crate) warnings: Vec<String>,
    pub(crate) rules: usize,
    pub(crate) examples: usize,
    pub(crate) counter_examples: usize,
}

impl Report {
    pub(crate) fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    pub(super) fn print(&self, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
        for problem in &self.problems {
            writeln!(out, "{}: {problem}", paint.bad("error"))?;
        }
        for warning in &self.warnings {
            writeln!(out, "{}: {warning}", paint.bold("warning"))?;
        }
        let count = |number: usize, what: &str| match number {
            1 => format!("1 {what}"),
            _ => format!("{number} {what}s"),
        };
        let verdict = match (self.problems.len(), self.warnings.len()) {
            (0, 0) => paint.good("all good".to_owned()),
            (0, warnings) => paint.good(format!("good, with {}", count(warnings, "warning"))),
            (problems, _) => paint.bad(count(problems, "error")),
        };
        writeln!(
            out,
            "{}, {}, {}: {verdict}",
            count(self.rules, "rule"),
            count(self.examples, "example"),
            count(self.counter_examples, "counter-example"),
        )
    }
}
