//! What happens when more would be held than may be.
//!
//! A value in its tail is certain to be a credential and only its end is open: it is judged now and followed in constant memory. Anything else that
//! long may still be harmless, and the operator has chosen what to do with it.

use crate::rules::Rule;
use crate::{Judge, Limit, OnLimit, RedactError, Treatment};

use super::treatment::{finding, first};
use super::{Candidate, Open, Scanner, Strictness, UNKNOWN, text};

impl Scanner {
    /// Deals with the candidate that comes first and is longer than may be held, once nothing can start before it, nor with it, that is not known. True if something was decided.
    pub(super) fn overflow(
        &mut self,
        unseen: u64,
        complete: bool,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<bool, RedactError> {
        let start = first(&self.live);
        let is_known =
            complete || self.window.end() >= start.saturating_add(self.limits.most_held());
        if !is_known
            || unseen <= start
            || self.floor_of_text() < start
            || self.decoding.unread() < start
            || self.deferred.floor() <= start
        {
            return Ok(false);
        }
        if self
            .live
            .iter()
            .any(|other| other.start == start && !other.has_start())
        {
            return Ok(false);
        }
        let holding = |candidate: &&Candidate| candidate.start == start && candidate.overlong;
        let Some(foremost) = self
            .live
            .iter()
            .filter(holding)
            .min_by_key(|it| it.rule)
            .copied()
        else {
            return Ok(false);
        };
        let certain = self
            .live
            .iter()
            .filter(holding)
            // What is collected is masked where it is encoded, for which all of it is needed.
            .filter(|candidate| candidate.in_tail() && self.collected.is_none())
            .min_by_key(|candidate| candidate.rule)
            .copied();
        if let Some(candidate) = certain {
            self.window.emit(start, out);
            self.open_value(candidate, complete, judge)?;
            return Ok(true);
        }
        match (self.limits.on_limit, self.strictness) {
            (OnLimit::PassThrough, _) => {
                // What was found by now is masked.
                let ready = &mut self.ready;
                self.live.retain(|candidate| {
                    let is_given_up = candidate.start == start && candidate.overlong;
                    if is_given_up && candidate.end.is_some() {
                        ready.push(*candidate);
                    }
                    !is_given_up
                });
            }
            (OnLimit::MaskRest, Strictness::Text) => {
                self.window.emit(start, out);
                let kind = self
                    .rules
                    .rules
                    .get(usize::from(foremost.rule))
                    .map(Rule::kind);
                let length = foremost.position().saturating_sub(start);
                self.masker
                    .mask_parts(kind.unwrap_or("rest"), length, None, None, out);
                self.mute();
            }
            (OnLimit::MaskRest, Strictness::Field) | (OnLimit::Truncate, _) => {
                self.window.emit(start, out);
                return Err(RedactError::Limit(Limit::Held));
            }
        }
        Ok(true)
    }

    pub(super) fn mute(&mut self) {
        self.muted = true;
        self.decoding.stop();
        self.live.clear();
        self.ready.clear();
        self.deferred.clear();
        self.window.skip(self.window.end());
    }

    /// Judges a value by what was seen of it, and from here on follows it without keeping it.
    fn open_value(
        &mut self,
        candidate: Candidate,
        complete: bool,
        judge: &mut dyn Judge,
    ) -> Result<(), RedactError> {
        let rules = std::sync::Arc::clone(&self.rules);
        let Some(rule) = rules.rules.get(usize::from(candidate.rule)) else {
            return Ok(());
        };
        let end = candidate.end.unwrap_or(candidate.start);
        let treatment = judge.treat(&finding(rule, candidate, end, None, None));
        if treatment == Treatment::Block {
            return Err(RedactError::Blocked {
                kind: rule.kind().to_owned(),
            });
        }
        let stars = self.strictness == Strictness::Field || self.masker.keeps_length();
        let mut open = Open::new(candidate, treatment, stars, self.masker.hash());
        self.live
            .retain(|other| !other.has_start() || other.start != candidate.start);
        let text = text(
            &self.window,
            complete,
            self.settled,
            self.strictness,
            self.limits,
        );
        open.follow(&rules, text, &mut self.runs);
        self.open = Some(open);
        self.drop_doomed(UNKNOWN);
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
