//! Which kinds there are already.

use std::collections::BTreeMap;
use std::path::Path;

use veilgate_redact::Shipped;

use crate::rules::shipped::{self, Entry};

/// All kinds that are taken, and by what.
pub(super) struct Taken {
    shipped: Vec<Entry>,
    own: BTreeMap<String, String>,
}

/// What a kind is to those that there are.
pub(super) enum Claim {
    Free,
    /// The rule is a newer version of a built-in one, in a file of the same name.
    Replaces,
    /// It may be used, and this should be known.
    Doubtful(String),
}

impl Taken {
    pub(super) fn new() -> Self {
        Self {
            shipped: shipped::entries(),
            own: BTreeMap::new(),
        }
    }

    /// Takes a kind for a rule at a place; the error says who has it.
    pub(super) fn claim(&mut self, file: &str, place: &str, kind: &str) -> Result<Claim, String> {
        if let Some(other) = self.own.get(kind) {
            return Err(format!(
                "is already taken by the rule at {other}; choose another name"
            ));
        }
        self.own.insert(kind.to_owned(), place.to_owned());
        let name = Path::new(file).file_name().and_then(|name| name.to_str());
        let mut same = self
            .shipped
            .iter()
            .filter(|entry| entry.written.kind() == kind);
        let Some(entry) = same.next() else {
            return Ok(Claim::Free);
        };
        let is_newer = name == Some(entry.file.name);
        match entry.file.part_of {
            Shipped::Credentials if is_newer => Ok(Claim::Replaces),
            Shipped::Catalogue if is_newer => Ok(Claim::Free),
            Shipped::Catalogue => Ok(Claim::Doubtful(format!(
                "{} has a rule of this kind too, which `veilgate redact` knows; choose another name if both are to be used",
                entry.place()
            ))),
            Shipped::Credentials => Err(format!(
                "is already taken by a built-in rule in {}; choose another name, or disable that one with `redaction.rules.disable`",
                entry.place()
            )),
            Shipped::Carriers => Err(format!(
                "is already what values under certain names are called in {}; choose another name",
                entry.place()
            )),
        }
    }
}
