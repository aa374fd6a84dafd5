//! Texts that are at hand up to their end: lines, events, the values of headers.

use crate::rules::{NAME, Name};
use crate::scan::prefilter::{Starts, word};
use crate::{Judge, RedactError, RuleSet};

use super::{PIECE, Scanner};

impl Scanner {
    /// Takes the last piece of a text: what `write` and then `flush` do, without asking in between what must be held back.
    pub(crate) fn write_last(
        &mut self,
        chunk: &[u8],
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        let pieces = chunk.len().saturating_sub(1) / PIECE;
        let (before, last) = chunk.split_at_checked(pieces * PIECE).unwrap_or_default();
        self.write(before, judge, out)?;
        self.window.push(last, self.most_kept());
        self.flush(judge, out)
    }
}

/// Whether nothing can be found in a text that is at hand as a whole: one cheap pass without allocation. Never true of a text with a credential.
pub(super) fn is_clean(rules: &RuleSet, text: &[u8]) -> bool {
    let (index, mut starts, mut from) = (&rules.index, Starts::new(), 0);
    // Longer texts are beyond the offsets of `Starts`.
    if text.len() > PIECE || rules.known.as_ref().is_some_and(|it| it.may_be_in(text)) {
        return false;
    }
    while from < text.len() {
        from = starts.find(text, from, text.len(), false, index);
        if starts.encoded.iter().next().is_some() {
            return false;
        }
        let mut places = starts.iter();
        let hit = places.any(|(at, special)| {
            let (before, rest) = text.split_at_checked(at).unwrap_or_default();
            let name = |id: u16| rules.spellings.get(id & !NAME, rest);
            let is_tried = |id: &u16| id & NAME == 0 || matches!(name(*id), Some(Name::Known(_)));
            let mut found = special && index.find_behind(before).is_some();
            index.find(
                word(rest),
                rest.get(8).copied(),
                |_| true,
                |hit| found |= index.rules(hit).iter().any(is_tried),
            );
            found
        });
        if hit {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::scan::Strictness;
    use crate::{Limits, MaskAll, Masker, base64};

    #[test]
    fn no_example_is_clean_wherever_it_stands() {
        let rules = Arc::new(RuleSet::builtin().unwrap());
        for sample in rules.corpus() {
            let encoded = String::from_utf8(base64::encode(sample.text.as_bytes())).unwrap();
            for before in 0..70 {
                let before = "x".repeat(before);
                for text in [&sample.text, &encoded] {
                    let text = format!("{before} {text} .");
                    let found = !Scanner::find_all(&rules, text.as_bytes()).is_empty();
                    let clean = is_clean(&rules, text.as_bytes());
                    assert!(!(found && clean), "{}: {text}", sample.kind);
                }
            }
            assert!(!is_clean(&rules, sample.text.as_bytes()), "{}", sample.kind);
        }
        for clean in ["", "x", "Fri, 20 Nov 2026 14:22:11 GMT", "gzip, br"] {
            assert!(is_clean(&rules, clean.as_bytes()), "{clean}");
        }
    }

    #[test]
    fn the_last_piece_ends_the_text() {
        let rules = Arc::new(RuleSet::builtin().unwrap());
        let token = format!("ghp_{}", "a1B2c3".repeat(6));
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1] {
            let text = format!("{} {token}", "x".repeat(length));
            let mut scanner = Scanner::new(
                Arc::clone(&rules),
                Arc::new(Masker::default()),
                Limits::default(),
                Strictness::Text,
            );
            let mut out = Vec::new();
            scanner
                .write_last(text.as_bytes(), &mut MaskAll, &mut out)
                .unwrap();
            let expected = text.replace(&token, "[REDACTED:github-pat]");
            assert_eq!(String::from_utf8(out).unwrap(), expected);
            assert_eq!(scanner.held(), 0);
        }
    }
}
