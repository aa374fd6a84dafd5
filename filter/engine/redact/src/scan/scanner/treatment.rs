//! Which of the overlapping matches win, and what becomes of them.
//!
//! Among overlapping matches the one that starts first wins, then the longest, then the order of the rules. A match is therefore
//! settled only when nothing that started before it, or with it, is still alive.

use std::cmp::Reverse;

use crate::rules::Rule;
use crate::{Finding, Judge, Masker, RedactError, RuleId, Treatment};

use super::{Candidate, Scanner, Strictness, UNKNOWN};

impl Scanner {
    /// Treats every match that nothing can beat any more.
    pub(super) fn settle(
        &mut self,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        if let Some(open) = self.open.take_if(|open| open.done) {
            self.close(open, out);
        }
        if self.live.len() + self.ready.len() + usize::from(self.open.is_some()) > 1 {
            self.drop_doomed();
        }
        while self.open.is_none()
            && let Some(best) = self
                .ready
                .iter()
                .copied()
                .min_by_key(|found| (found.start, Reverse(found.end), found.rule))
        {
            let rival = self
                .live
                .iter()
                .map(|rival| rival.start)
                .min()
                .unwrap_or(UNKNOWN)
                .min(self.pending_start());
            if rival <= best.start {
                break;
            }
            self.treat(best, judge, out)?;
        }
        Ok(())
    }

    /// Where the earliest literal would start that is not complete yet.
    pub(super) fn pending_start(&self) -> u64 {
        match self.rules.anchors.pending(self.anchor) {
            0 => UNKNOWN,
            pending => self.position.saturating_sub(pending),
        }
    }

    /// Drops what overlaps a match that is certain to win: the first of all, as far as it reaches by now.
    pub(super) fn drop_doomed(&mut self) {
        let (first, reach) = match &self.open {
            Some(open) => (open.start, open.end()),
            None => {
                let all = || self.live.iter().chain(&self.ready);
                let Some(first) = all()
                    .map(|candidate| candidate.start)
                    .min()
                    .filter(|first| *first <= self.pending_start())
                else {
                    return;
                };
                let Some(reach) = all()
                    .filter(|candidate| candidate.start == first)
                    .filter_map(|candidate| candidate.end)
                    .max()
                else {
                    return;
                };
                (first, reach)
            }
        };
        let survives = |candidate: &mut Candidate| {
            candidate.in_lead() || candidate.start == first || candidate.survives(reach)
        };
        self.live.retain_mut(survives);
        self.ready.retain_mut(survives);
    }

    fn treat(
        &mut self,
        found: Candidate,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        let end = found.end.unwrap_or(found.start);
        self.window.emit(found.start, out);
        if let Some(rule) = self.rules.rules.get(usize::from(found.rule)) {
            let value = self.window.slice(found.start, end);
            match judge.treat(&finding(rule, found, end, self.masker.fingerprint(value))) {
                Treatment::Mask if self.strictness == Strictness::Field => {
                    Masker::stars(end - found.start, out);
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

    /// Goes on behind a value that was treated.
    pub(super) fn leave(&mut self, end: u64) {
        self.window.skip(end);
        self.settled = self.settled.max(end);
        self.live
            .retain_mut(|candidate| candidate.in_lead() || candidate.survives(end));
        self.ready.retain_mut(|candidate| candidate.survives(end));
    }
}

pub(super) fn finding(
    rule: &Rule,
    found: Candidate,
    end: u64,
    fingerprint: Option<crate::Fingerprint>,
) -> Finding<'_> {
    Finding {
        kind: rule.kind(),
        category: rule.category(),
        confidence: rule.confidence(),
        rule: RuleId(found.rule),
        offset: found.start,
        length: end - found.start,
        fingerprint,
        carrier: None,
    }
}
