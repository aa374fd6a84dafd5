//! Collects rule and carrier files into a [`RuleSet`].

use std::cmp::Reverse;

use super::RuleSet;
use super::file::{self, RuleFile};
use super::index::{Index, NAME};
use super::known::{Known, KnownValue, KnownValues};
use super::prebuilt::{self, Prebuilt};
use super::profile::Profile;
use super::rule::Rule;
use super::spellings::Spellings;
use crate::RuleError;
use crate::scrub::Carriers;

/// Builds a [`RuleSet`] from the shipped files and the operator's own.
#[derive(Default)]
pub struct RuleSetBuilder {
    rules: Vec<Rule>,
    carriers: Carriers,
    known: Vec<(Rule, Known)>,
    /// Of the hashes among them.
    key: Vec<u8>,
    keeps_placeholders: bool,
    refuses_failures: bool,
}

impl RuleSetBuilder {
    /// Adds all shipped rules and carriers.
    ///
    /// # Errors
    /// A kind that was already added.
    pub fn builtin(mut self) -> Result<Self, RuleError> {
        for rule in Prebuilt::rules() {
            self.add(rule)?;
        }
        let (file, text) = prebuilt::CARRIERS;
        self.carriers(file, text)
    }

    /// Adds the rules of one file. `file` only names it in errors.
    ///
    /// # Errors
    /// Anything in the file that cannot be used; the message says where and how to mend it.
    pub fn rules(mut self, file: &str, text: &str) -> Result<Self, RuleError> {
        let parsed: RuleFile = file::parse(file, text)?;
        for entry in parsed.rules {
            let rule = Rule::compile(file, &parsed.provider, entry)?;
            self.add(rule)?;
        }
        Ok(self)
    }

    /// Adds the rules of the catalogue that are sure enough for a profile. They are compiled here, which takes some hundred milliseconds.
    ///
    /// # Errors
    /// A kind that was already added.
    #[cfg(feature = "catalogue")]
    pub fn catalogue(mut self, profile: Profile) -> Result<Self, RuleError> {
        for (file, text) in prebuilt::CATALOGUE {
            let parsed: RuleFile = file::parse(file, text)?;
            let sure = parsed
                .rules
                .into_iter()
                .filter(|entry| profile.admits(entry.confidence));
            for entry in sure {
                let rule = Rule::compile(file, &parsed.provider, entry)?;
                self.add(rule)?;
            }
        }
        Ok(self)
    }

    /// Adds the names of one carrier file to those already known.
    ///
    /// # Errors
    /// Anything in the file that cannot be used.
    pub fn carriers(mut self, file: &str, text: &str) -> Result<Self, RuleError> {
        self.carriers.add(file, text)?;
        Ok(self)
    }

    /// Adds values that are masked wherever they turn up, each as a rule of its own whose kind is its name. `key` is that of the hashes among them.
    ///
    /// What is found of them comes before what any other rule finds at the same place.
    ///
    /// # Errors
    /// An entry that cannot be used, a name that is the kind of another rule, or a hash without a key. No error holds a value.
    pub fn known(mut self, values: &[KnownValue], key: Option<&[u8]>) -> Result<Self, RuleError> {
        for value in values {
            let known = value.read()?;
            if matches!(known, Known::Hashed(_)) && key.is_none() {
                let problem = "cannot be compared without the key it was made with";
                return Err(value.problem("hmac_sha256", problem.to_owned()));
            }
            let fields = self.carriers.fields.rules();
            let rules = self
                .rules
                .iter()
                .chain(self.known.iter().map(|(rule, _)| rule));
            let mut kinds = rules.map(Rule::kind);
            if kinds.any(|kind| kind == value.name)
                || fields.into_iter().any(|it| it.kind() == value.name)
            {
                let problem = "is already the kind of a rule; choose another name";
                return Err(value.problem("name", problem.to_owned()));
            }
            let clear = value.value.as_ref().map(String::as_bytes);
            self.known.push((Rule::of_known(&value.name, clear), known));
        }
        self.key = key.unwrap_or_default().to_vec();
        Ok(self)
    }

    /// Removes one rule that was added before.
    ///
    /// # Errors
    /// No rule has this kind.
    pub fn disable(mut self, kind: &str) -> Result<Self, RuleError> {
        let before = self.rules.len();
        self.rules.retain(|rule| rule.kind() != kind);
        if !self.carriers.fields.disable(kind) && self.rules.len() == before {
            return Err(RuleError::UnknownKind {
                kind: kind.to_owned(),
            });
        }
        Ok(self)
    }

    /// Removes the shipped rules, and the names of fields, that are not sure enough for a profile. An operator's own rules stay.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.keeps_placeholders = profile == Profile::Wide;
        self.refuses_failures = profile == Profile::Strict;
        self.rules
            .retain(|rule| !rule.is_shipped() || profile.admits(rule.confidence()));
        self.carriers
            .fields
            .retain(|field| profile.admits(field.confidence));
        self
    }

    /// Compiles the set.
    ///
    /// # Errors
    /// More anchors than one index can hold.
    pub fn build(mut self) -> Result<RuleSet, RuleError> {
        for rule in self.carriers.fields.rules() {
            if self.rules.iter().all(|known| known.kind() != rule.kind()) {
                self.rules.push(rule);
            }
        }
        let count = self.rules.len() + self.known.len();
        if count >= usize::from(NAME) {
            return Err(RuleError::Anchors(format!("{count} rules are too many")));
        }
        // Of two rules for the same bytes the surer one names them, then the more specific one; files are already in order of name.
        self.rules.sort_by_key(|rule| {
            (
                rule.matcher.value.is_empty(),
                Reverse(rule.confidence()),
                Reverse(
                    rule.matcher
                        .anchors
                        .iter()
                        .map(|anchor| anchor.bytes.len())
                        .min(),
                ),
            )
        });
        let (mut rules, known): (Vec<Rule>, Vec<Known>) = self.known.into_iter().unzip();
        rules.append(&mut self.rules);
        self.rules = rules;
        let spellings = Spellings::new(&self.carriers.fields, &self.rules);
        let index = Index::new(&self.rules, spellings.words())?;
        Ok(RuleSet {
            rules: self.rules,
            index,
            spellings,
            carriers: self.carriers,
            known: KnownValues::new(known, &self.key),
            refuses_placeholders: !self.keeps_placeholders,
            refuses_failures: self.refuses_failures,
        })
    }

    pub(super) fn add(&mut self, rule: Rule) -> Result<(), RuleError> {
        if let Some(other) = self.rules.iter().find(|other| other.kind() == rule.kind()) {
            return Err(RuleError::Field {
                file: rule.file().to_owned(),
                rule: rule.kind().to_owned(),
                field: "kind",
                problem: format!(
                    "is already taken by a rule in {}; choose another name, or disable that one first",
                    other.file()
                ),
            });
        }
        self.rules.push(rule);
        Ok(())
    }
}
