//! Looks up what the filter lets through: which rules and names start at which words.

use crate::check::Method;
use crate::rules::{Hit, Holds, NAME, Name, Named, Rule, fold};
use crate::scan::assignment::{Assignment, identifier};
use crate::scan::candidate::{Candidate, Outcome};
use crate::scan::escaped as words;
use crate::scan::open::Open;
use crate::scan::placeholder::{is_placeholder, is_word};
use crate::scan::prefilter::{Starts, word};
use crate::scan::random::is_random;
use crate::scan::window::Window;
use crate::{Check, Judge, RedactError, RuleSet};

use super::{Scanner, Strictness, text};

/// Bytes of a word that must be known before it is looked up.
const WORD: u64 = 8;
/// Bytes before a name that may belong to its identifier.
const IDENTIFIER: u64 = 128;
/// Under this many candidates a look for those that do the same costs more than it saves.
const FEW: usize = 8;

/// Bytes of what a rule starts with that are looked at before anything else.
const BEGINNING: u64 = 64;

/// An anchor that was found.
pub(super) struct Found {
    /// Where its word starts, from [`LOOK_BACK`] before the words that are looked up.
    pub(super) at: u16,
    /// The escape by which it was found, if it is written with one, or [`PLAIN`], or [`HOPEFUL`].
    place: u16,
    hit: Hit,
}

/// No place of an escape.
const PLAIN: u16 = u16::MAX;
/// The same, and one of its names may have a value.
const HOPEFUL: u16 = PLAIN - 1;
/// Bytes before the words that are looked up that belong to anchors and escapes.
const LOOK_BACK: u64 = 512;

impl Found {
    pub(super) fn new(at: usize, place: Option<usize>, hit: Hit) -> Self {
        let short = |at: usize| u16::try_from(at).unwrap_or(PLAIN);
        Self {
            at: short(at),
            place: place.map_or(PLAIN, short),
            hit,
        }
    }
}

impl Scanner {
    /// Looks up every word that is new.
    pub(super) fn look_up(
        &mut self,
        rules: &RuleSet,
        complete: bool,
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        let (index, end) = (&rules.index, self.window.end());
        let to = if complete {
            end
        } else {
            end.saturating_sub(WORD - 1).max(self.position)
        };
        let base = self.window.base().max(self.text_start);
        let base = base.max(self.position.saturating_sub(LOOK_BACK));
        let (mut starts, mut hits) = (Starts::new(), std::mem::take(&mut self.hits));
        self.decoding.not_before(self.position);
        while self.position < to && !self.muted {
            let from = self.position.max(base);
            self.position = find(
                &mut starts,
                &self.window,
                (base, from, to),
                self.strictness,
                rules,
                &mut hits,
            );
            let mut postponed = self.find_escaped(&starts, (base, from, to), complete, &mut hits);
            self.decode_from(base, &starts.encoded, complete);
            self.decoding.not_before(self.position);
            let mut meant = None;
            for Found { at, place, hit } in hits.drain(..) {
                let at = base + u64::from(at);
                let hopeful = place == HOPEFUL;
                let place = (place < HOPEFUL).then(|| base + u64::from(place));
                if postponed.is_some_and(|postponed| at >= postponed) {
                    break;
                }
                let unseen = self.unseen_before(at);
                if !self.ready.is_empty() && self.is_due(unseen) {
                    self.settle(unseen, complete, judge, out)?;
                }
                let start = self.start_before(at, hit.offset, base);
                if start < base || self.muted {
                    continue;
                }
                // What its rules find changes nothing about it.
                let mut taken = None;
                for id in index.rules(hit) {
                    if id & NAME == 0 {
                        let taken = !rules.has_lead(*id)
                            && *taken.get_or_insert_with(|| self.is_taken(start, at));
                        if !taken {
                            self.attempt(rules, *id, start, complete);
                        }
                    } else if let Some(place) = place {
                        if !self.attempt_escaped_name(rules, id & !NAME, (at, &mut meant), complete)
                        {
                            postponed = Some(postponed.map_or(place, |it: u64| it.min(place)));
                        }
                    } else if !self.attempt_name(rules, id & !NAME, (at, hopeful), complete) {
                        // Too little is known of the name: it is looked up once more, and so is all behind it.
                        postponed = Some(at);
                    }
                }
            }
            if let Some(at) = postponed {
                self.position = at;
                break;
            }
        }
        self.hits = hits;
        Ok(())
    }

    /// Follows a rule from where it may start.
    pub(super) fn attempt(&mut self, rules: &RuleSet, id: u16, start: u64, complete: bool) {
        let Some(rule) = rules.rules.get(usize::from(id)) else {
            return;
        };
        if !self.may_start(rule, start) {
            return;
        }
        // Most attempts end here.
        let Some(begun) = rule
            .matcher
            .begin(self.window.slice(start, self.near(start)))
        else {
            return;
        };
        if self.defer(id, start) {
            return;
        }
        let mut candidate = Candidate::new(id, start, &rule.matcher);
        candidate.resume(&rule.matcher, &begun);
        if self.follow(&mut candidate, rule, complete) == Outcome::Unfinished {
            let same = |other: &Candidate| other.same_lead(&candidate);
            let many = self.live.len() >= FEW && candidate.in_lead();
            if !many || !self.live.iter().any(same) {
                self.ended |= candidate.end.is_some();
                self.live.push(candidate);
            }
        }
    }

    /// Follows what stands behind a name that may be at a place, whether or not it was seen to be hopeful. False if too little is known of it.
    fn attempt_name(
        &mut self,
        rules: &RuleSet,
        id: u16,
        (at, hopeful): (u64, bool),
        complete: bool,
    ) -> bool {
        let known = self.window.slice(at, self.window.end());
        let name = match rules.spellings.get(id, known) {
            Some(Name::Known(name)) if !hopeful => {
                if is_hopeless(self.before(at), name, known) {
                    return true;
                }
                name
            }
            Some(Name::Known(name)) => name,
            Some(Name::Unfinished) => return complete,
            None => return true,
        };
        self.attempt_named(rules, name, at, complete);
        true
    }

    /// The last bytes before a place.
    fn before(&self, at: u64) -> &[u8] {
        let from = at.saturating_sub(2).max(self.text_start);
        self.window.slice(from, at)
    }

    /// Follows what stands behind a name.
    pub(super) fn attempt_named(&mut self, rules: &RuleSet, name: Named, at: u64, complete: bool) {
        if name.holds == Holds::Random && !is_joined(self.before(at)) {
            return;
        }
        // A value that starts in one that is certain cannot win.
        let unseen = self.unseen_before(at).min(self.floor());
        let taken = self.certain(unseen).map_or(0, |(_, end)| end);
        let text = text(
            &self.window,
            complete,
            self.settled.max(taken),
            self.strictness,
            self.limits,
        );
        let (identifier, before) = self.identifier(at, name);
        let mut candidate = named(at, name, before);
        let outcome = candidate.follow_name(text, text.most_open);
        self.refuse(&mut candidate, outcome);
        let possible = outcome == Outcome::Unfinished || candidate.end.is_some();
        let possible = possible && !rules.carriers.fields.excluded(identifier);
        self.steps += u64::from(candidate.steps) + 1;
        if possible {
            self.ended |= candidate.end.is_some();
            match outcome {
                Outcome::Unfinished => self.live.push(candidate),
                Outcome::Done => self.ready.push(candidate),
            }
        }
    }

    /// What may follow a name.
    pub(super) fn candidate(&self, at: u64, name: Named) -> Candidate {
        let (_, before) = self.identifier(at, name);
        named(at, name, before)
    }

    /// The identifier that a name is the end or all of, and the byte before it.
    fn identifier(&self, at: u64, name: Named) -> (&[u8], Option<u8>) {
        let base = at.saturating_sub(IDENTIFIER).max(self.text_start);
        let text = self.window.slice(base, at + name.length as u64);
        let (from, before) = identifier(text, text.len().saturating_sub(name.length));
        let (outside, identifier) = text.split_at_checked(from).unwrap_or_default();
        let before = if is_first_argument(outside) {
            Some(b'(')
        } else {
            before
        };
        (identifier, before)
    }

    /// Whether a value that starts here could not win.
    pub(super) fn is_taken(&self, start: u64, at: u64) -> bool {
        if start < self.settled {
            return true;
        }
        if !self.ended && self.open.is_none() {
            return false;
        }
        let unseen = self.unseen_before(at).min(self.floor());
        let certain = self.certain(unseen);
        certain.is_some_and(|(first, end)| (first + 1..end).contains(&start))
    }

    /// As far as a rule that starts here is looked at before it becomes a candidate.
    fn near(&self, start: u64) -> u64 {
        start + self.limits.most_held().min(BEGINNING)
    }

    /// Follows a candidate; what it found is put aside.
    pub(super) fn follow(
        &mut self,
        candidate: &mut Candidate,
        rule: &Rule,
        complete: bool,
    ) -> Outcome {
        let open = self.open.as_ref().map_or(0, Open::end);
        let text = text(
            &self.window,
            complete,
            self.settled.max(open),
            self.strictness,
            self.limits,
        );
        let from = candidate.steps;
        let outcome = candidate.follow(&rule.matcher, text, &mut self.runs);
        self.refuse(candidate, outcome);
        self.steps += u64::from(candidate.steps - from) + 1;
        if outcome == Outcome::Done && candidate.end.is_some() {
            self.ended = true;
            self.ready.push(*candidate);
        }
        outcome
    }

    /// Whether a value of this candidate may turn out to be none, once its end is known.
    pub(super) fn may_refuse(&self, candidate: &Candidate) -> bool {
        self.doubts(candidate) || self.check_of(candidate).is_some()
    }

    /// Whether a value that says it is a placeholder, or does not look random where only that counts, is none for its rule.
    fn doubts(&self, candidate: &Candidate) -> bool {
        let rule = self.rules.rules.get(usize::from(candidate.rule));
        (self.rules.refuses_placeholders || candidate.asks_for_randomness())
            && rule.is_some_and(|rule| candidate.is_open_to_doubt(&rule.matcher))
    }

    /// The check whose failure makes a value none. Under a name that carries secrets none does.
    fn check_of(&self, candidate: &Candidate) -> Option<Method> {
        let rule = self.rules.rules.get(usize::from(candidate.rule))?;
        let refuses = self.rules.refuses_failures && !candidate.is_named();
        rule.check.filter(|_| refuses)
    }

    /// Forgets what is found of one, now that its end is known.
    fn refuse(&self, candidate: &mut Candidate, outcome: Outcome) {
        let Some(end) = candidate.end.filter(|_| outcome == Outcome::Done) else {
            return;
        };
        let value = || self.window.slice(candidate.start, end);
        let is_none = self.doubts(candidate) && self.says_nothing(candidate, value());
        let check = self.check_of(candidate);
        if is_none || check.is_some_and(|it| it.check(value()) == Check::Failed) {
            candidate.end = None;
        }
    }

    fn says_nothing(&self, candidate: &Candidate, value: &[u8]) -> bool {
        let is_random = !candidate.asks_for_randomness() || is_random(value);
        let is_placeholder = || is_placeholder(value) || candidate.is_minted() && is_word(value);
        !is_random || self.rules.refuses_placeholders && is_placeholder()
    }

    /// Whether what stands before `start` allows a value of this rule there.
    pub(super) fn may_start(&self, rule: &Rule, start: u64) -> bool {
        if rule.matcher.before.is_none() {
            return true;
        }
        let from = start.saturating_sub(PRECEDING as u64).max(self.text_start);
        self.strictness == Strictness::Field || may_follow(rule, self.window.slice(from, start))
    }
}

/// Whether a text ends where the first argument of a function starts that is a string, also within a string of JSON and percent-encoded.
fn is_first_argument(text: &[u8]) -> bool {
    let quote = match text {
        [.., b'"' | b'\''] => 1,
        [.., b'%', b'2', b'2' | b'7'] => 3,
        _ => return false,
    };
    let text = text.get(..text.len() - quote).unwrap_or_default();
    let backslashes = text.iter().rev().take_while(|byte| **byte == b'\\').count();
    let text = text.get(..text.len() - backslashes).unwrap_or_default();
    text.ends_with(b"(") || text.ends_with(b"%28")
}

/// What may follow a name, behind the byte before its identifier.
fn named(at: u64, name: Named, before: Option<u8>) -> Candidate {
    let assignment = Assignment::new(before, name.holds);
    Candidate::named(name.rule, at + name.length as u64, assignment)
}

/// Whether there is a word before a name: without one a name that says little says nothing.
fn is_joined(before: &[u8]) -> bool {
    match before {
        [.., word, b' '] | [.., word] => {
            word.is_ascii_alphanumeric() || matches!(word, b'_' | b'-')
        }
        [] => false,
    }
}

/// Whether a name that a text starts with has no value for certain.
#[inline]
fn is_hopeless(before: &[u8], name: Named, text: &[u8]) -> bool {
    if name.holds == Holds::Random && !is_joined(before) {
        return true;
    }
    let last = before.last().copied();
    let behind = text.get(name.length..).unwrap_or_default();
    Assignment::is_hopeless(last, behind, name.holds)
}

/// Finds the anchors of words from `from` up to `to` in the text that starts at `base`, and says how far it came.
fn find(
    starts: &mut Starts,
    window: &Window,
    (base, from, to): (u64, u64, u64),
    strictness: Strictness,
    RuleSet {
        index, spellings, ..
    }: &RuleSet,
    hits: &mut Vec<Found>,
) -> u64 {
    let offset = |at: u64| usize::try_from(at.saturating_sub(base)).unwrap_or(usize::MAX);
    let bytes = window.slice(base, window.end());
    let every = strictness == Strictness::Field;
    let reached = starts.find(bytes, offset(from), offset(to), every, index);
    for (at, special) in starts.iter() {
        let (before, rest) = bytes.split_at_checked(at).unwrap_or_default();
        // Most of what starts like a name is none, or has no value.
        let may_have_value = |id: &u16| match spellings.get(id & !NAME, rest) {
            Some(Name::Known(name)) => !is_hopeless(before, name, rest),
            Some(Name::Unfinished) => true,
            None => false,
        };
        let mut add = |hit: Hit| {
            let mut found = Found::new(at, None, hit);
            let ids = index.rules(hit);
            // Rules come before names.
            if ids.first().is_some_and(|id| id & NAME != 0) {
                if !ids.iter().any(may_have_value) {
                    return;
                }
                found.place = HOPEFUL;
            }
            hits.push(found);
        };
        let follows = |byte: u8| {
            let last = before.last().copied();
            last.is_some_and(|last| fold(last) == byte) || words::may_end(before)
        };
        index.find(word(rest), rest.get(8).copied(), follows, &mut add);
        if special && let Some(hit) = index.find_behind(before) {
            add(hit);
        }
    }
    base + reached as u64
}

/// A cheap look before [`ends_with_escape`].
fn may_end_escape(last: u8) -> bool {
    last.is_ascii_hexdigit() || matches!(last, b'n' | b'r' | b't')
}

/// Whether a value of this rule may stand behind these bytes.
#[inline]
fn may_follow(rule: &Rule, before: &[u8]) -> bool {
    let Some(class) = &rule.matcher.before else {
        return true;
    };
    let last = before.last();
    last.is_none_or(|last| {
        class.contains(*last) || may_end_escape(*last) && ends_with_escape(before)
    })
}

/// Whether an escape of JSON or of a URL ends a text, whose last letter is not the letter it looks like.
fn ends_with_escape(text: &[u8]) -> bool {
    let last = text.last_chunk::<PRECEDING>();
    match last.map_or(text, |last| last.as_slice()) {
        [.., b'\\', b'b' | b'f' | b'n' | b'r' | b't'] => true,
        [.., b'%', a, b] => a.is_ascii_hexdigit() && b.is_ascii_hexdigit(),
        [b'\\', b'u', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
        _ => false,
    }
}

/// Bytes before a value that decide whether it may stand there.
const PRECEDING: usize = 6;
