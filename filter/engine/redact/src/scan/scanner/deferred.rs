//! Places that wait.
//!
//! Where an anchor stands again within what may be a value of its rule, a candidate of its own for each would take more memory than the text. It is
//! tried once the candidate before it is settled, which most often takes it along.

use crate::rules::RuleSet;

use super::{Scanner, UNKNOWN};

/// Places in the order of the text, with the rules to try there: four bytes each.
#[derive(Default)]
pub(super) struct Deferred {
    first: u64,
    last: u64,
    /// How far behind the one before, and the rule.
    places: Vec<(u16, u16)>,
}

/// So many places are made room for at once.
const ROOM: usize = 128;

impl Deferred {
    /// Adds one. False if it is too far from the one before.
    fn push(&mut self, start: u64, rule: u16) -> bool {
        if self.places.is_empty() {
            (self.first, self.last) = (start, start);
        }
        let Some(distance) = start.checked_sub(self.last) else {
            return false;
        };
        let Ok(distance) = u16::try_from(distance) else {
            return false;
        };
        if self.places.len() == self.places.capacity() {
            self.places.reserve_exact(ROOM);
        }
        self.places.push((distance, rule));
        self.last = start;
        true
    }

    /// Where the first one is.
    pub(super) fn floor(&self) -> u64 {
        if self.places.is_empty() {
            UNKNOWN
        } else {
            self.first
        }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn clear(&mut self) {
        self.places.clear();
    }
}

impl Scanner {
    /// Puts a place aside where a candidate of the same rule reaches past it. False if there is none.
    pub(super) fn defer(&mut self, rule: u16, start: u64) -> bool {
        let mut live = self.live.iter();
        live.any(|other| other.rule == rule && other.start < start && !other.is_named())
            && self.deferred.push(start, rule)
    }

    /// Tries the places for which nothing reaches any more.
    pub(super) fn try_deferred(&mut self, rules: &RuleSet, complete: bool) {
        if self.deferred.places.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.deferred);
        let mut start = waiting.first;
        for (distance, rule) in &waiting.places {
            start += u64::from(*distance);
            if rules.has_lead(*rule) || !self.is_taken(start, start) {
                self.attempt(rules, *rule, start, complete);
            }
        }
        if self.deferred.places.is_empty() {
            // The room is kept.
            self.deferred = waiting;
            self.deferred.clear();
        }
    }
}
