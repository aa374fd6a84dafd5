//! The loop of those who write rules: start one, check it, look others up, take those of another tool along.

pub(crate) mod check;
pub(crate) mod explain;
pub(crate) mod import;
pub(crate) mod list;
mod nearest;
pub(crate) mod new;
mod scan;
mod shipped;
mod write;
mod written;

use std::path::Path;

/// Reads a file that a person named. None, and the reason on standard error, if it cannot be read.
fn read(path: &Path) -> Option<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) => {
            eprintln!("veilgate: cannot read `{}`: {error}", path.display());
            None
        }
    }
}
