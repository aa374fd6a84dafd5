//! The shipped rules, as the build script left them: nothing is parsed or compiled when a filter starts.

use std::borrow::Cow;
use std::ops::Range;

use super::anchor::Anchor;
use super::automaton::Automaton;
use super::bytes::ByteSet;
use super::matcher::{Matcher, Part};
use super::pattern::Bytes;
use super::rule::{Category, Rule, Texts};
use crate::Confidence;
use crate::check::Method;

include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// All bytes of all tables, one behind the other.
static TABLES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/builtin.bin"));

/// One shipped rule.
pub(super) struct Prebuilt {
    kind: &'static str,
    title: &'static str,
    provider: &'static str,
    file: &'static str,
    category: Category,
    confidence: Confidence,
    /// By its name.
    check: Option<&'static str>,
    before: Option<Bytes>,
    lead: &'static [PrebuiltPart],
    value: &'static [PrebuiltPart],
    tail: Option<PrebuiltPart>,
    after: Option<Bytes>,
    max_length: u64,
    open: bool,
    refuses_placeholders: bool,
    /// One behind the other: length, offset of the word, bytes.
    anchors: Range<usize>,
}

/// The examples of the rule with the same number, and where its format is described. Apart, so that a program that never asks for them does not hold them.
pub(super) struct Examples {
    pub(super) references: &'static [&'static str],
    pub(super) examples: &'static [&'static str],
    pub(super) counter_examples: &'static [&'static str],
}

struct PrebuiltTable {
    start: u16,
    width: usize,
    classes: usize,
    cells: Range<usize>,
    narrow: bool,
}

enum PrebuiltPart {
    Table(PrebuiltTable),
    Run { class: Bytes, least: u32, most: u32 },
    Context,
}

impl Prebuilt {
    pub(super) fn rules() -> impl Iterator<Item = Rule> {
        RULES.iter().enumerate().map(|(nth, rule)| rule.load(nth))
    }

    fn load(&'static self, nth: usize) -> Rule {
        Rule {
            kind: Cow::Borrowed(self.kind),
            title: Cow::Borrowed(self.title),
            provider: Cow::Borrowed(self.provider),
            file: Cow::Borrowed(self.file),
            category: self.category,
            confidence: self.confidence,
            check: self.check.and_then(Method::named),
            texts: Texts::Builtin { nth },
            matcher: Matcher {
                before: self.before.map(ByteSet),
                lead: self.lead.iter().map(PrebuiltPart::part).collect(),
                value: self.value.iter().map(PrebuiltPart::part).collect(),
                tail: self.tail.as_ref().map(PrebuiltPart::part),
                after: self.after.map(ByteSet),
                max_length: self.max_length,
                open: self.open,
                refuses_placeholders: self.refuses_placeholders,
                anchors: anchors(bytes(self.anchors.clone())),
            },
        }
    }
}

impl PrebuiltTable {
    fn automaton(&'static self) -> Automaton {
        Automaton::borrowed(
            bytes(self.classes..self.classes + 256),
            self.width,
            bytes(self.cells.clone()),
            self.narrow,
            self.start,
        )
    }
}

impl PrebuiltPart {
    fn part(&'static self) -> Part {
        match self {
            Self::Table(table) => Part::Automaton(table.automaton()),
            Self::Run { class, least, most } => Part::Run {
                class: ByteSet(*class),
                least: *least,
                most: *most,
            },
            Self::Context => Part::Context,
        }
    }
}

fn bytes(range: Range<usize>) -> &'static [u8] {
    TABLES.get(range).unwrap_or_default()
}

fn anchors(mut bytes: &'static [u8]) -> Vec<Anchor> {
    let mut anchors = Vec::new();
    while let [length, offset, rest @ ..] = bytes {
        let (anchor, behind) = rest.split_at(usize::from(*length).min(rest.len()));
        anchors.push(Anchor {
            bytes: anchor.to_vec(),
            offset: usize::from(*offset),
        });
        bytes = behind;
    }
    anchors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::file::{self, RuleFile};

    #[test]
    fn what_was_built_before_is_what_would_be_built_now() {
        let mut shipped = Prebuilt::rules();
        for (name, text) in FILES {
            let file: RuleFile = file::parse(name, text).unwrap();
            for entry in file.rules {
                let fresh = Rule::compile(name, &file.provider, entry).unwrap();
                let rule = shipped.next().unwrap();
                assert_eq!(rule.kind(), fresh.kind());
                assert_eq!(
                    (rule.title(), rule.provider(), rule.file()),
                    (fresh.title(), fresh.provider(), fresh.file())
                );
                assert_eq!(
                    (rule.category(), rule.confidence(), rule.references()),
                    (fresh.category(), fresh.confidence(), fresh.references())
                );
                assert_eq!(rule.check, fresh.check);
                assert_eq!(rule.examples(), fresh.examples());
                assert_eq!(rule.counter_examples(), fresh.counter_examples());
                let (rule, fresh) = (&rule.matcher, &fresh.matcher);
                assert_eq!(rule.anchors, fresh.anchors);
                assert_eq!((rule.before, rule.after), (fresh.before, fresh.after));
                assert_eq!(rule.max_length, fresh.max_length);
                assert!(
                    rule.lead == fresh.lead && rule.value == fresh.value && rule.tail == fresh.tail
                );
            }
        }
        assert!(shipped.next().is_none());
    }

    #[test]
    fn shipped_tables_are_not_copied() {
        for rule in Prebuilt::rules() {
            let Matcher {
                lead, value, tail, ..
            } = &rule.matcher;
            let parts = lead.iter().chain(value).chain(tail);
            for automaton in parts.filter_map(Part::automaton) {
                assert!(automaton.is_borrowed(), "{}", rule.kind());
            }
        }
    }
}
