//! How far one rule gets in one text, for those who write it. Tries every place, remembers the best, and is not on the way of any traffic.

use crate::rules::{Rule, fold};
use crate::{Limits, RuleSet};

use super::candidate::{Candidate, Text};
use super::placeholder::is_placeholder;
use super::runs::Runs;
use super::window::Window;

/// The most that one rule gets of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    /// What ended it.
    pub stopped: Stopped,
    /// Where the lead, or without one the value, starts.
    pub from: usize,
    /// Where the value starts, if it got so far.
    pub value: Option<usize>,
    /// The byte at which it ended; behind the value, if it found one.
    pub at: usize,
}

/// Which part of a rule ended it, in the order in which rules get there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stopped {
    /// The fixed bytes by which the rule is found are nowhere.
    Start,
    /// They stand within a word, where nothing is found.
    Word,
    /// The byte before is not one that may stand there.
    Before,
    /// The lead or the context.
    Lead,
    /// The pattern.
    Pattern,
    /// The value is complete, but the byte behind is not one that may follow.
    After,
    /// The value says that it is a placeholder.
    Placeholder,
    /// Nothing: the rule matches.
    Nowhere,
}

impl RuleSet {
    /// How far the rule of this kind gets in a text, whatever other rules find. None without such a rule, and for values that are found by their names alone.
    pub fn trace(&self, kind: &str, text: &str) -> Option<Trace> {
        let rule = self.rules.iter().find(|rule| rule.kind() == kind)?;
        let tracer = Tracer {
            rule,
            refuses_placeholders: self.refuses_placeholders && rule.matcher.refuses_placeholders,
            text: text.as_bytes(),
        };
        (!rule.matcher.value.is_empty()).then(|| tracer.best())
    }
}

struct Tracer<'a> {
    rule: &'a Rule,
    refuses_placeholders: bool,
    text: &'a [u8],
}

impl Tracer<'_> {
    fn best(&self) -> Trace {
        let mut window = Window::default();
        window.push(self.text, self.text.len());
        let mut best = self.nearest();
        for from in 0..self.text.len() {
            for anchor in &self.rule.matcher.anchors {
                let rest = self.text.get(from..).unwrap_or_default();
                if common(rest, &anchor.bytes) < anchor.bytes.len() {
                    continue;
                }
                let trace = self.attempt(&window, from, from + anchor.offset);
                if (trace.stopped, trace.at) > (best.stopped, best.at) {
                    best = trace;
                }
            }
        }
        best
    }

    /// Where a text comes nearest to what the rule starts with.
    fn nearest(&self) -> Trace {
        let anchors = &self.rule.matcher.anchors;
        let alike = |from: usize| {
            let rest = self.text.get(from..).unwrap_or_default();
            let alike = anchors.iter().map(|anchor| common(rest, &anchor.bytes));
            alike.max().unwrap_or(0)
        };
        let place = (0..self.text.len())
            .map(|from| (alike(from), self.starts_word(from), from))
            .filter(|(alike, ..)| *alike > 0)
            .max_by_key(|(alike, starts, from)| (*alike, *starts, self.text.len() - from));
        let (alike, _, from) = place.unwrap_or_default();
        Trace {
            stopped: Stopped::Start,
            from,
            value: None,
            at: from + alike,
        }
    }

    fn attempt(&self, window: &Window, from: usize, word: usize) -> Trace {
        let stopped = |stopped, value, at| Trace {
            stopped,
            from,
            value,
            at,
        };
        if !self.starts_word(word) {
            return stopped(Stopped::Word, None, word);
        }
        if !self.may_start(from) {
            return stopped(Stopped::Before, None, from);
        }
        let strict = self.follow(window, from, true);
        let stage = strict.stage();
        let (value, at) = (stage.value.map(index), index(stage.at));
        if let Some(end) = strict.end {
            let value = index(strict.start);
            let found = self.text.get(value..index(end)).unwrap_or_default();
            let refused = self.refuses_placeholders && is_placeholder(found);
            let why = if refused {
                Stopped::Placeholder
            } else {
                Stopped::Nowhere
            };
            return stopped(why, Some(value), index(end));
        }
        if stage.in_lead {
            return stopped(Stopped::Lead, None, at);
        }
        // Without a look at the byte behind, the value may be complete.
        match self.follow(window, from, false).end {
            Some(end) if self.rule.matcher.after.is_some() => {
                stopped(Stopped::After, value, index(end))
            }
            _ => stopped(Stopped::Pattern, value, at),
        }
    }

    fn follow(&self, window: &Window, from: usize, strict: bool) -> Candidate {
        let text = Text {
            window,
            complete: true,
            settled: 0,
            strict,
            most_open: Limits::default().most_open(),
        };
        let mut candidate = Candidate::new(0, from as u64, &self.rule.matcher);
        candidate.follow(&self.rule.matcher, text, &mut Runs::default());
        candidate
    }

    /// Whether what stands before allows the rule to start here.
    fn may_start(&self, at: usize) -> bool {
        let Some(class) = &self.rule.matcher.before else {
            return true;
        };
        let before = self.text.get(..at).unwrap_or_default();
        let last = before.last();
        last.is_none_or(|last| class.contains(*last)) || ends_with_escape(before)
    }

    fn starts_word(&self, at: usize) -> bool {
        let before = self.text.get(..at).unwrap_or_default();
        let (last, first) = (before.last(), self.text.get(at));
        let capital =
            last.is_some_and(u8::is_ascii_lowercase) && first.is_some_and(u8::is_ascii_uppercase);
        last.is_none_or(|last| !last.is_ascii_alphanumeric()) || capital || ends_with_escape(before)
    }
}

/// How many bytes of a text are those of an anchor.
fn common(text: &[u8], anchor: &[u8]) -> usize {
    let pairs = text.iter().zip(anchor);
    pairs
        .take_while(|(byte, wanted)| fold(**byte) == **wanted)
        .count()
}

/// Whether an escape ends a text whose last letter is not the letter it looks like.
fn ends_with_escape(text: &[u8]) -> bool {
    let hex = |digits: &[u8]| digits.iter().all(u8::is_ascii_hexdigit);
    match text {
        [.., b'\\', b'b' | b'f' | b'n' | b'r' | b't'] => true,
        [.., b'\\', b'u', a, b, c, d] if hex(&[*a, *b, *c, *d]) => true,
        [.., b'%', a, b] => hex(&[*a, *b]),
        _ => false,
    }
}

fn index(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}
