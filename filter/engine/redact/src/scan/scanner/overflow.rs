//! What happens when more would be held than may be.
//!
//! A value in its tail is certain to be a credential and only its end is open: it is judged now and followed in constant memory. Anything else that
//! long may still be harmless, and the operator has chosen what to do with it.

use crate::rules::Rule;
use crate::{Judge, Limit, OnLimit, RedactError, Treatment};

use super::treatment::finding;
use super::{Candidate, Open, Scanner, Strictness};

impl Scanner {
    /// Keeps what is held within the limit.
    pub(super) fn enforce(
        &mut self,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        while self.position.saturating_sub(self.window.emitted()) > self.limits.most_held() {
            let from = self.free();
            self.take_up_to(from, out);
            if self.position.saturating_sub(from) <= self.limits.most_held() {
                break;
            }
            if let Some(open) = self.open.take() {
                self.close(open, out);
                continue;
            }
            let holding = |candidate: &Candidate| candidate.start == from;
            if let Some(candidate) = self
                .live
                .iter()
                .copied()
                .filter(|candidate| holding(candidate) && candidate.in_tail())
                .min_by_key(|candidate| candidate.rule)
            {
                self.open_value(candidate, judge)?;
                continue;
            }
            match (self.limits.on_limit, self.strictness) {
                (OnLimit::PassThrough, _) => {
                    self.live.retain(|candidate| !holding(candidate));
                    self.settle(judge, out)?;
                }
                (OnLimit::MaskRest, Strictness::Text) => {
                    let kind = self
                        .live
                        .iter()
                        .find(|candidate| holding(candidate))
                        .and_then(|candidate| self.rules.rules.get(usize::from(candidate.rule)));
                    self.masker.mask_parts(
                        kind.map_or("rest", Rule::kind),
                        self.position - from,
                        None,
                        None,
                        out,
                    );
                    self.mute();
                }
                (OnLimit::MaskRest, Strictness::Field) | (OnLimit::Truncate, _) => {
                    return Err(RedactError::Limit(Limit::Held));
                }
            }
        }
        Ok(())
    }

    fn mute(&mut self) {
        self.muted = true;
        self.live.clear();
        self.ready.clear();
        self.anchor = self.rules.anchors.start();
        self.window.skip(self.window.end());
    }

    /// Judges a value by what was seen of it, and from here on follows it without keeping it.
    fn open_value(
        &mut self,
        candidate: Candidate,
        judge: &mut dyn Judge,
    ) -> Result<(), RedactError> {
        let Some(rule) = self.rules.rules.get(usize::from(candidate.rule)) else {
            return Ok(());
        };
        let end = candidate.end.unwrap_or(candidate.start);
        let treatment = judge.treat(&finding(rule, candidate, end, None));
        if treatment == Treatment::Block {
            return Err(RedactError::Blocked {
                kind: rule.kind().to_owned(),
            });
        }
        let stars = self.strictness == Strictness::Field || self.masker.keeps_length();
        self.open = Some(Open::new(candidate, treatment, stars, self.masker.hash()));
        self.live
            .retain(|other| other.in_lead() || other.start != candidate.start);
        self.drop_doomed();
        Ok(())
    }

    pub(super) fn close(&mut self, mut open: Open, out: &mut Vec<u8>) {
        let end = open.end();
        open.take(&self.window, out);
        if let Some(rule) = self.rules.rules.get(usize::from(open.candidate.rule)) {
            open.finish(rule.kind(), &self.masker, out);
        }
        self.leave(end);
    }
}
