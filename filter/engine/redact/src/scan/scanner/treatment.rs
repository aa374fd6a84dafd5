//! Which of the overlapping matches win, and what becomes of them.
//!
//! Among overlapping matches the one that starts first wins, then the longest, then the order of the rules. A match is therefore
//! settled only when nothing that started before it, or with it, is still alive.

use std::cmp::Reverse;

use crate::rules::{Rule, assess};
use crate::{Finding, Judge, Masker, RedactError, RuleId, RuleSet, Treatment};

use crate::scan::encoded::{Layers, decoded, rewritten};

use super::{Candidate, Scanner, Strictness, UNKNOWN};

impl Scanner {
    /// Treats every match that nothing can beat any more; what was not seen yet starts at `unseen` or later.
    pub(super) fn settle(
        &mut self,
        unseen: u64,
        complete: bool,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        loop {
            if let Some(open) = self.open.take_if(|open| open.done) {
                self.close(open, out);
            }
            let known = unseen.min(self.floor());
            if self.live.len() + self.ready.len() + usize::from(self.open.is_some()) > 1 {
                self.drop_doomed(known);
            }
            if self.open.is_some() || self.muted {
                return Ok(());
            }
            match self.best() {
                Some(best) if best.start < first(&self.live).min(known) => {
                    self.treat(self.with_kind(best), judge, out)?;
                }
                _ if self.overflow(unseen, complete, judge, out)? => {}
                _ if self.give_up(unseen, out)? => {}
                _ => return Ok(()),
            }
        }
    }

    /// Of what was found, what comes first.
    fn best(&self) -> Option<Candidate> {
        // Of two for the same bytes the one that knows how they are encoded.
        let order = |found: &Candidate| {
            let plain = found.encoded.is_none();
            (Reverse(found.end), found.rule, plain)
        };
        let start = first(&self.ready);
        let first = self.ready.iter().filter(|found| found.start == start);
        first.min_by_key(|found| order(found)).copied()
    }

    /// Whether something that starts before `unseen` may be settled by now. If not, [`Self::settle`] changes nothing.
    pub(super) fn is_due(&self, unseen: u64) -> bool {
        let is_due = |candidate: &Candidate| candidate.start < unseen || candidate.overlong;
        self.open.is_some() || self.ready.iter().any(is_due) || self.live.iter().any(is_due)
    }

    /// Of a value that was found by its name, the rule that knows its shape: a policy can say more about a `github-pat` than about a `token-field`.
    fn with_kind(&self, mut found: Candidate) -> Candidate {
        if !found.is_named() {
            return found;
        }
        let by_shape = self
            .ready
            .iter()
            .filter(|other| other.start == found.start && !other.is_named())
            .map(|other| other.rule)
            .min();
        found.rule = by_shape.unwrap_or(found.rule);
        found
    }

    /// Drops what overlaps a match that is certain to win: the first of all, as far as it reaches by now.
    pub(super) fn drop_doomed(&mut self, unseen: u64) {
        let Some((first, reach)) = self.certain(unseen) else {
            return;
        };
        let survives = |candidate: &Candidate| {
            !candidate.has_start() || candidate.start == first || candidate.start >= reach
        };
        let rules = &self.rules;
        self.live.retain(survives);
        self.ready
            .retain(|found| survives(found) || reaches_out(rules, found, reach));
    }

    /// Where the credential starts that nothing can beat any more, and where it ends as far as that is known.
    pub(super) fn certain(&self, unseen: u64) -> Option<(u64, u64)> {
        if let Some(open) = &self.open {
            return Some((open.start, open.end()));
        }
        if !self.ended {
            return None;
        }
        let first = first(&self.live).min(first(&self.ready));
        if first >= unseen {
            return None;
        }
        let at_first = |candidate: &&Candidate| candidate.start == first;
        // What may turn out to be none is not certain before its end.
        let is_sure = |candidate: &&Candidate| {
            candidate.end.is_some() && (candidate.is_named() || !self.may_refuse(candidate))
        };
        let live = self.live.iter().filter(at_first).filter(is_sure);
        let all = live.chain(self.ready.iter().filter(at_first));
        let end = all.filter_map(|candidate| candidate.end).max()?;
        Some((first, end))
    }

    fn treat(
        &mut self,
        found: Candidate,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        let end = found.end.unwrap_or(found.start);
        self.window.emit(found.start, out);
        if let Some(collected) = &mut self.collected {
            collected.push(found);
        } else if let Some(layers) = found.encoded {
            self.treat_encoded(found, &layers, judge, out)?;
        } else if let Some(rule) = self.rules.rules.get(usize::from(found.rule)) {
            let value = self.window.slice(found.start, end);
            // Equal in all forms.
            let known = self.rules.known_value(RuleId(found.rule));
            let fingerprint = self.masker.fingerprint(known.unwrap_or(value));
            match judge.treat(&finding(rule, found, end, Some(value), fingerprint)) {
                Treatment::Mask if found.missing_quotes().is_some() => {
                    let quotes = found.missing_quotes().unwrap_or((0, b'"'));
                    let keep = self.strictness == Strictness::Field;
                    self.masker
                        .mask_json_value(rule.kind(), value, quotes, keep, out);
                }
                Treatment::Mask if self.strictness == Strictness::Field => {
                    Masker::stars(end - found.start, out);
                }
                Treatment::Mask if known.is_some() => {
                    self.masker
                        .mask_written(rule.kind(), value, fingerprint, out);
                }
                Treatment::Mask => self.masker.mask(rule.kind(), value, out),
                Treatment::Reveal => out.extend_from_slice(value),
                Treatment::Block => {
                    return Err(RedactError::Blocked {
                        kind: rule.kind().to_owned(),
                    });
                }
            }
        }
        self.leave(end);
        Ok(())
    }

    /// The same for a value that is encoded.
    fn treat_encoded(
        &self,
        found: Candidate,
        layers: &Layers,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        let end = found.end.unwrap_or(found.start);
        let Some(rule) = self.rules.rules.get(usize::from(found.rule)) else {
            return Ok(());
        };
        let escapes = self.strictness == Strictness::Text;
        let digits = self.window.slice(found.start, end);
        let value = decoded(digits, layers, escapes);
        let fingerprint = self.masker.fingerprint(&value);
        match judge.treat(&finding(rule, found, end, Some(&value), fingerprint)) {
            Treatment::Mask => {
                let mut mask = Vec::new();
                let keep = self.strictness == Strictness::Field;
                match found.missing_quotes() {
                    Some(quotes) => {
                        self.masker
                            .mask_json_value(rule.kind(), &value, quotes, keep, &mut mask);
                    }
                    None if keep => Masker::stars(value.len() as u64, &mut mask),
                    None => self.masker.mask(rule.kind(), &value, &mut mask),
                }
                // Behind a quote only white space changes nothing.
                let filler = found.missing_quotes().map_or(b'*', |_| b' ');
                out.extend(rewritten(digits, layers, (&mask, filler), escapes));
            }
            Treatment::Reveal => out.extend_from_slice(digits),
            Treatment::Block => {
                return Err(RedactError::Blocked {
                    kind: rule.kind().to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Goes on behind a value that was treated.
    pub(super) fn leave(&mut self, end: u64) {
        self.window.skip(end);
        self.settled = self.settled.max(end);
        self.decoding.leave(end);
        self.live
            .retain(|candidate| !candidate.has_start() || candidate.start >= end);
        let rules = &self.rules;
        self.ready.retain_mut(|found| {
            if reaches_out(rules, found, end) {
                found.start = found.start.max(end);
            }
            found.start >= end
        });
    }
}

/// Where the first of some candidates starts.
pub(super) fn first(candidates: &[Candidate]) -> u64 {
    let starts = candidates.iter().map(|candidate| candidate.start);
    starts.fold(UNKNOWN, u64::min)
}

/// Whether what is left of a known value behind `end` is masked as well: what another credential covers of it does not make the rest harmless.
fn reaches_out(rules: &RuleSet, found: &Candidate, end: u64) -> bool {
    let known = rules.known.as_ref();
    known.is_some_and(|known| known.has_rule(found.rule))
        && found.encoded.is_none()
        && found.end > Some(end)
}

/// What the judge is asked about; `value` is what was found, if all of it is at hand.
pub(super) fn finding<'r>(
    rule: &'r Rule,
    found: Candidate,
    end: u64,
    value: Option<&[u8]>,
    fingerprint: Option<crate::Fingerprint>,
) -> Finding<'r> {
    let (check, confidence) = assess(rule.check, rule.confidence(), value);
    Finding {
        kind: rule.kind(),
        category: rule.category(),
        confidence,
        check,
        rule: RuleId(found.rule),
        offset: found.start,
        length: end - found.start,
        fingerprint,
        carrier: None,
    }
}
