//! What Veilgate ships, entry by entry.

use veilgate_redact::{Shipped, ShippedFile};

use super::written::{self, Written};

/// One shipped rule or list of names.
pub(super) struct Entry {
    pub(super) file: ShippedFile,
    pub(super) written: Written,
}

impl Entry {
    /// Where it is written, for people.
    pub(super) fn place(&self) -> String {
        place(self.file)
    }
}

/// All of them, in the order of the files.
pub(super) fn entries() -> Vec<Entry> {
    veilgate_redact::shipped_files()
        .flat_map(|file| {
            let entries = written::entries(file.text).into_iter();
            entries.map(move |written| Entry { file, written })
        })
        .filter(|entry| !entry.written.kind().is_empty())
        .collect()
}

fn place(file: ShippedFile) -> String {
    let folder = match file.part_of {
        Shipped::Credentials => "policies/credentials/",
        Shipped::Catalogue => "policies/catalogue/",
        Shipped::Carriers => "policies/",
    };
    format!("{folder}{}", file.name)
}
