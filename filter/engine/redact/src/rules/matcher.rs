//! What the scanner runs for one rule.

use super::anchor::Anchor;
use super::automaton::{Automaton, Ran};
use super::bytes::ByteSet;
use super::compiled::Compiled;
use super::pattern;
use crate::scan::introduces;

/// In this order: the byte before, the lead, the parts of the value, then the tail or the byte after. Without parts: values are found by their names alone.
#[derive(Default)]
pub(crate) struct Matcher {
    pub(crate) before: Option<ByteSet>,
    /// Empty if the value comes first.
    pub(crate) lead: Vec<Part>,
    /// Whether a value that is a placeholder is none.
    pub(crate) refuses_placeholders: bool,
    pub(crate) value: Vec<Part>,
    pub(crate) tail: Option<Part>,
    pub(crate) after: Option<ByteSet>,
    /// Most bytes of a value before its tail.
    pub(crate) max_length: u64,
    /// Whether only `max_length` ends it.
    pub(crate) open: bool,
    /// How lead or pattern can start.
    pub(crate) anchors: Vec<Anchor>,
}

/// A part of a value, or its tail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Automaton(Automaton),
    /// Bytes of one class: as many as there are, up to `most`.
    Run {
        class: ByteSet,
        least: u32,
        most: u32,
    },
    /// What may stand between a word of the context and the value.
    Context,
}

impl Matcher {
    /// Runs the first part on the bytes that come first, up to its first match. None if they are not what the rule starts with: neither as they are, nor where the byte
    /// that they end at may be an escape for another one.
    #[inline]
    pub(crate) fn begin(&self, bytes: &[u8]) -> Option<Ran> {
        let most = usize::try_from(self.max_length).unwrap_or(usize::MAX);
        let bytes = match bytes.get(..most) {
            Some(longest) if self.lead.is_empty() => longest,
            _ => bytes,
        };
        let part = self.lead.first().or(self.value.first());
        let automaton = part.and_then(Part::automaton);
        let Some(automaton) = automaton.filter(|it| !it.accepts(it.start())) else {
            return Some(Ran::default());
        };
        let ran = automaton.run(automaton.start(), bytes, true, None);
        let other = bytes.get(ran.taken).is_some_and(|it| !introduces(*it));
        (ran.matched.is_some() || !other).then_some(ran)
    }
}

impl Part {
    pub(crate) fn automaton(&self) -> Option<&Automaton> {
        match self {
            Self::Automaton(automaton) => Some(automaton),
            Self::Run { .. } | Self::Context => None,
        }
    }
}

impl From<Compiled> for Matcher {
    fn from(compiled: Compiled) -> Self {
        Self {
            before: compiled.before.map(ByteSet),
            lead: compiled.lead.into_iter().map(Part::from).collect(),
            value: compiled.value.into_iter().map(Part::from).collect(),
            tail: compiled.tail.map(Part::from),
            after: compiled.after.map(ByteSet),
            max_length: compiled.max_length as u64,
            open: compiled.open,
            refuses_placeholders: compiled.refuses_placeholders,
            anchors: compiled.anchors,
        }
    }
}

impl From<pattern::Part> for Part {
    fn from(part: pattern::Part) -> Self {
        match part {
            pattern::Part::Table(table) => Self::Automaton(table.into()),
            pattern::Part::Run { class, least, most } => Self::Run {
                class: ByteSet(class),
                least,
                most,
            },
            pattern::Part::Context => Self::Context,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::compiled::Source;
    use super::*;

    #[test]
    fn what_cannot_start_a_rule_is_told_by_its_first_bytes() {
        let rule = |lead, pattern| {
            let source = Source {
                lead,
                pattern,
                ..Source::default()
            };
            Matcher::from(Compiled::compile(&source).unwrap_or_else(|_| panic!("{pattern}")))
        };
        let plain = rule(None, "token-[0-9]{4}");
        let led = rule(Some("(?i:key)[:=]key "), "[0-9]{4}");
        for (matcher, text, begins) in [
            (&plain, "token-1234", true),
            (&plain, "token", true),
            (&plain, "", true),
            (&plain, "Token-1234", false),
            (&plain, "tok%65n-1234", true),
            (&plain, "tok n-1234", false),
            (&led, "KEY=key 12", true),
            (&led, "KEY=\\u006bey", true),
            (&led, "KEY key", false),
        ] {
            assert_eq!(matcher.begin(text.as_bytes()).is_some(), begins, "{text}");
        }
    }
}
