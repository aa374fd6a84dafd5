//! All kinds, one a line.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anyhow::Context as _;

use super::shipped;
use crate::exit::Status;
use crate::redact::Profile;

/// Prints kind, provider and confidence, sorted by kind.
pub(crate) fn run(profile: Option<Profile>, out: &mut dyn Write) -> anyhow::Result<Status> {
    let entries = shipped::entries();
    let mut lines: BTreeMap<&str, (&str, &str)> = BTreeMap::new();
    for entry in &entries {
        let (provider, confidence) = (&entry.written.provider, entry.written.confidence());
        if profile.is_none_or(|profile| profile.uses(confidence)) {
            lines
                .entry(entry.written.kind())
                .or_insert((provider, confidence));
        }
    }
    for (kind, (provider, confidence)) in lines {
        match writeln!(out, "{kind}\t{provider}\t{confidence}") {
            Ok(()) => {}
            // Who reads has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            Err(error) => return Err(error).context("cannot write standard output"),
        }
    }
    Ok(Status::Success)
}
