//! The shipped files, as they are written.

use crate::rules::prebuilt;

/// One shipped file.
#[derive(Debug, Clone, Copy)]
pub struct ShippedFile {
    /// Its name, without the folder.
    pub name: &'static str,
    /// What stands in it.
    pub text: &'static str,
    /// What it is a part of.
    pub part_of: Shipped,
}

/// What a shipped file is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shipped {
    /// The rules that every filter has: `policies/credentials`.
    Credentials,
    /// The rules that only programs have: `policies/catalogue`.
    Catalogue,
    /// The names under which credentials travel: `policies/carriers.toml`.
    Carriers,
}

/// All shipped files, rules first.
pub fn shipped_files() -> impl Iterator<Item = ShippedFile> {
    let all = |files: &'static [(&str, &str)], part_of| {
        files.iter().map(move |(name, text)| ShippedFile {
            name,
            text,
            part_of,
        })
    };
    all(prebuilt::FILES, Shipped::Credentials)
        .chain(all(prebuilt::CATALOGUE, Shipped::Catalogue))
        .chain(all(
            std::slice::from_ref(&prebuilt::CARRIERS),
            Shipped::Carriers,
        ))
}
