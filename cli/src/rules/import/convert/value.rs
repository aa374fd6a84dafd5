//! The value of a rule: what is masked, how long it may be, and what has to follow.

use regex_syntax::ast::{AssertionKind, Ast};

use super::Parts;
use crate::rules::import::bytes::first;
use crate::rules::import::draft::Draft;
use crate::rules::import::pieces::join;
use crate::rules::import::tail::Tail;

/// Longest value without a stated length, and with one.
const LONG: usize = 1024;
const LONGEST: usize = 4096;

impl Parts<'_> {
    /// What is masked, and how long it may be.
    pub(super) fn value(&self, draft: &mut Draft, notes: &mut Vec<String>) -> Result<(), String> {
        let (mut boundary, mut look) = (false, false);
        let mut edit = |ast: &Ast| match ast {
            Ast::Assertion(assertion) => {
                let is_boundary = matches!(assertion.kind, AssertionKind::WordBoundary);
                boundary |= is_boundary;
                look |= !is_boundary;
                Some(String::new())
            }
            _ => None,
        };
        let texts: Vec<String> = self
            .values
            .iter()
            .map(|value| join(self.pattern, value, &mut edit))
            .collect();
        draft.pattern = texts.join("|");
        if look {
            return Err("looks at the start or end of a line within the value".to_owned());
        }
        if boundary {
            notes.push("a word boundary within the value".to_owned());
        }
        let lengths = self.values.iter().map(|value| {
            let lengths = value.iter().map(|it| it.hir.properties().maximum_len());
            lengths.sum::<Option<usize>>()
        });
        let longest = lengths.collect::<Option<Vec<usize>>>();
        match longest.map(|it| it.into_iter().max().unwrap_or(0)) {
            Some(longest) if longest <= LONG => {}
            Some(longest) => {
                draft.max_length = Some(longest.min(LONGEST));
                if longest > LONGEST {
                    notes.push(format!(
                        "what of a value is behind its first {LONGEST} bytes"
                    ));
                }
            }
            None => self.unbounded(draft, notes),
        }
        Ok(())
    }

    /// What has no longest match: with a tail, if it is the last part that goes on, and stops before what has to follow.
    fn unbounded(&self, draft: &mut Draft, notes: &mut Vec<String>) {
        if !self.with_tail(draft, LONGEST) {
            draft.max_length = Some(LONGEST);
            notes.push(format!(
                "values of more than {LONGEST} bytes: a repetition has no end"
            ));
        }
    }

    /// Gives the draft a tail for a last part that can be longer than `most`. False if it cannot have one.
    pub(super) fn with_tail(&self, draft: &mut Draft, most: usize) -> bool {
        let [value] = self.values.as_slice() else {
            return false;
        };
        let Some(tail) = Tail::of(self.pattern, value, most) else {
            return false;
        };
        let follows = first(self.behind.iter().map(|it| &it.hir));
        if follows.bytes.meets(&tail.class) {
            return false;
        }
        draft.pattern = tail.pattern;
        draft.tail = Some(tail.tail);
        (draft.after, draft.max_length) = (None, None);
        true
    }

    pub(super) fn after(&self, draft: &mut Draft, notes: &mut Vec<String>) {
        let follows = first(self.behind.iter().map(|it| &it.hir));
        if follows.optional || self.behind.is_empty() {
            return;
        }
        if draft.tail.is_some() {
            notes.push("what has to follow: the value goes on as far as it can".to_owned());
            return;
        }
        let lengths = self
            .behind
            .iter()
            .map(|it| it.hir.properties().maximum_len());
        // An escape of two bytes is known by its first.
        if lengths.sum::<Option<usize>>().is_none_or(|it| it > 2) {
            notes.push("of what has to follow, all but the first byte".to_owned());
        }
        draft.after = Some(if follows.bytes.is_empty() {
            notes.push("that a value ends the text: it has to end a line".to_owned());
            r"[\r\n]".to_owned()
        } else {
            follows.bytes.written()
        });
    }
}
