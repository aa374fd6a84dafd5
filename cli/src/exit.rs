//! What the exit status of `veilgate` means.

use std::process::ExitCode;

/// How a run ended, in the number a script sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Everything is as it should be: nothing found, allowed, every step as promised.
    Success = 0,
    /// Something was found, differs from what was promised, or went wrong on the way.
    Failure = 1,
    /// Wrong usage or an input that cannot be read.
    Invalid = 3,
    /// Stopped by Ctrl-C or SIGTERM, after cleaning up.
    Interrupted = 130,
}

/// The table `--help` ends with. 2 is kept for commands that answer with a policy decision.
pub(crate) const HELP: &str = "\
Exit status:
  0    clean, allowed, or every step as promised
  1    findings, a difference, or a failure
  2    denied by policy
  3    wrong usage, or an input that cannot be read
  130  interrupted, everything it started was ended";

/// An error and its causes in one line. A cause that the message above it already quotes is not said twice.
pub(crate) fn explain(error: &anyhow::Error) -> String {
    let mut told = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !told.contains(&cause) {
            told.push_str(": ");
            told.push_str(&cause);
        }
    }
    told
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::explain;

    #[test]
    fn every_cause_is_told_once() {
        let error = anyhow!("no such file")
            .context("cannot read `a` (no such file)")
            .context("starting");
        assert_eq!(explain(&error), "starting: cannot read `a` (no such file)");
    }
}
