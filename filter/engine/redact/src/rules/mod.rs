//! Rules as data: reading the files, checking every field, and compiling what the scanner runs.
//!
//! A rule is what an operator can read in one line of TOML, so this module is strict where a mistake would cost a credential or
//! a CPU: an unknown field, a pattern without a literal to start from or without an end is refused, with the file, the rule, the
//! field and what to do about it.

mod anchor;
#[cfg(feature = "authoring")]
mod authoring;
mod automaton;
mod builder;
mod bytes;
mod compiled;
mod example;
mod file;
mod index;
mod known;
mod matcher;
mod names;
mod pattern;
mod prebuilt;
mod profile;
mod rule;
mod spellings;

use std::sync::Arc;

#[cfg(feature = "authoring")]
pub use authoring::{Problem, Reading, Shipped, ShippedFile, shipped_files};
pub use builder::RuleSetBuilder;
pub use known::KnownValue;
pub use profile::Profile;
pub use rule::Rule;

pub(crate) use anchor::{AUTHORITY, fold};
pub(crate) use automaton::{Automaton, Ran, State};
pub(crate) use bytes::ByteSet;
pub(crate) use file::parse;
pub(crate) use index::{Hit, Index, NAME, Numbers};
pub(crate) use known::{KnownHashes, KnownValues, Length, crc32, is_delimiter, is_separator};
pub(crate) use matcher::{Matcher, Part};
pub(crate) use names::{FieldEntry, FieldNames, Holds};
pub(crate) use rule::assess;
pub(crate) use spellings::{Name, Named, Spellings};

use crate::scrub::Carriers;
use crate::{RuleError, RuleId};

/// All rules and carriers, compiled: immutable, `Send + Sync`, shared by all streams.
///
/// A `RuleSet` that exists is valid: every pattern compiled, every rule has an anchor and a bound.
pub struct RuleSet {
    pub(crate) rules: Vec<Rule>,
    pub(crate) index: Index,
    pub(crate) spellings: Spellings,
    pub(crate) carriers: Carriers,
    pub(crate) known: Option<KnownValues>,
    /// Whether values under names that say they are placeholders are none.
    pub(crate) refuses_placeholders: bool,
    /// Whether values that fail the check of their rule are none.
    pub(crate) refuses_failures: bool,
}

/// An example of a rule, with the credential in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Kind of the rule that the example belongs to.
    pub kind: String,
    /// The whole example: what a body or log line could contain.
    pub text: String,
    /// The part of `text` that is masked.
    pub secret: String,
}

impl RuleSet {
    /// The rules and carriers that Veilgate ships.
    ///
    /// # Errors
    /// None in a released build: the same files are compiled by the tests.
    pub fn builtin() -> Result<Self, RuleError> {
        RuleSetBuilder::default().builtin()?.build()
    }

    /// Starts from nothing; [`RuleSetBuilder::builtin`] adds the shipped rules.
    pub fn builder() -> RuleSetBuilder {
        RuleSetBuilder::default()
    }

    /// All rules, in the order that decides between two of them for the same bytes.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// The rule behind a finding; none for [`RuleId::CARRIER`].
    pub fn rule(&self, id: RuleId) -> Option<&Rule> {
        self.rules.get(usize::from(id.0))
    }

    /// Most bytes of a stream that are held back for a value from [`RuleSetBuilder::known`]; 0 without one. [`Limits::held`](crate::Limits::held) should be as much.
    pub fn longest_known(&self) -> usize {
        self.known.as_ref().map_or(0, KnownValues::longest)
    }

    /// Whether something else comes before a value of this rule.
    pub(crate) fn has_lead(&self, id: u16) -> bool {
        let rule = self.rules.get(usize::from(id));
        rule.is_some_and(|rule| !rule.matcher.lead.is_empty())
    }

    /// The value that a rule stands for, if it is known in clear.
    pub(crate) fn known_value(&self, id: RuleId) -> Option<&[u8]> {
        self.known.as_ref().and_then(|known| known.value(id.0))
    }

    /// Every example of every rule with the credential inside it, for tests that plant credentials. Scans each example: not for traffic.
    pub fn corpus(self: &Arc<Self>) -> Vec<Sample> {
        self.rules
            .iter()
            .flat_map(|rule| rule.examples().into_iter().map(move |text| (rule, text)))
            .map(|(rule, text)| example::sample(self, rule, text))
            .collect()
    }
}

impl std::fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RuleSet")
            .field("rules", &self.rules.len())
            .finish_non_exhaustive()
    }
}
