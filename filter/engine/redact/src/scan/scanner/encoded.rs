//! Reads what is encoded in the text with a scanner of its own.

use std::ops::Range;
use std::sync::Arc;

use crate::scan::encoded::{Codec, DEEPEST, Lane, Layer, Layers, PIECE, Verdict, probe};
use crate::scan::prefilter::{BASE64, Encoded, HEX, Starts};
use crate::{Limit, Limits, MaskAll, Masker, OnLimit, RedactError, RuleId, RuleSet};

use super::treatment::first;
use super::whole::is_clean;
use super::{Scanner, Strictness, UNKNOWN};

/// The run of digits that is being decoded.
pub(super) struct Decoding {
    lane: Option<Lane>,
    /// Kept for the next run.
    inner: Option<Box<Inner>>,
    /// Runs before this offset were decoded.
    done: u64,
    /// Where the first run may start that is not known yet to be one.
    beginning: u64,
    /// Layers of encoding around this text.
    depth: u8,
    unread: Vec<Unread>,
}

/// Digits that nobody looks into, since more of what they stand for would have to be held than may be.
struct Unread {
    from: u64,
    /// Where the run ends. Until that is known its lane is followed for its end alone.
    to: Option<u64>,
}

/// The scanner of what was decoded.
struct Inner {
    scanner: Scanner,
    /// Decoded text that needs no further look.
    out: Vec<u8>,
    /// Where the run starts in the stream of the inner scanner.
    origin: u64,
    /// Up to where groups were taken by a finding.
    taken: u64,
}

impl Decoding {
    pub(super) fn new(depth: u8) -> Self {
        Self {
            lane: None,
            inner: None,
            done: 0,
            beginning: UNKNOWN,
            depth,
            unread: Vec::new(),
        }
    }

    /// Where the first encoded value may start that is not settled.
    pub(super) fn floor(&self) -> u64 {
        let lane = self.lane.as_ref().filter(|_| !self.is_unread());
        let held = lane.map_or(UNKNOWN, |lane| {
            self.inner
                .as_ref()
                .map_or(lane.position(), |inner| inner.held(lane))
        });
        held.min(self.beginning)
    }

    /// Whether the text is itself decoded.
    pub(super) fn is_inner(&self) -> bool {
        self.depth > 0
    }

    /// Where the first digits are that nobody looks into.
    pub(super) fn unread(&self) -> u64 {
        let starts = self.unread.iter().map(|unread| unread.from);
        starts.fold(UNKNOWN, u64::min)
    }

    /// Whether the run is followed for its end alone.
    fn is_unread(&self) -> bool {
        self.unread.iter().any(|unread| unread.to.is_none())
    }

    /// Whether the first of them are known to go on where they start by now.
    fn goes_on(&self) -> bool {
        let first = self.unread.iter().min_by_key(|unread| unread.from);
        let position = self.lane.as_ref().map(Lane::position);
        first.is_some_and(|first| first.to.or(position) > Some(first.from))
    }

    /// What lies before `end` was treated as part of something else.
    pub(super) fn leave(&mut self, end: u64) {
        self.unread.retain_mut(|unread| {
            unread.from = unread.from.max(end);
            unread.to.is_none_or(|to| to > unread.from)
        });
    }

    /// Places that were not looked at yet lie behind this one.
    pub(super) fn not_before(&mut self, position: u64) {
        self.beginning = position.saturating_sub(HEX as u64);
    }

    pub(super) fn stop(&mut self) {
        self.lane = None;
        self.inner = None;
        self.beginning = UNKNOWN;
        self.unread.clear();
    }
}

impl Inner {
    /// Where what the scanner holds starts in the outer text.
    fn held(&self, lane: &Lane) -> u64 {
        let free = self.scanner.window.emitted();
        if free >= self.scanner.window.end() {
            return lane.position();
        }
        lane.start_of(free.saturating_sub(self.origin)).0
    }
}

impl Scanner {
    /// Everything in a text that is at hand as a whole: the rule, where, and how it is encoded there.
    pub(crate) fn find_all(
        rules: &Arc<RuleSet>,
        text: &[u8],
    ) -> Vec<(RuleId, Range<usize>, Option<Layers>)> {
        if is_clean(rules, text) {
            return Vec::new();
        }
        let limits = Limits {
            // More than the text has, also for what is encoded in it twice.
            held: text.len().saturating_mul(2).saturating_add(1024),
            ..Limits::default()
        };
        let masker = Arc::new(Masker::default());
        let mut scanner = Scanner::new(Arc::clone(rules), masker, limits, Strictness::Text);
        scanner.collected = Some(Vec::new());
        let mut out = Vec::new();
        // Nobody is asked and the limit exceeds the text, so no error is possible.
        let _ = scanner.write_last(text, &mut MaskAll, &mut out);
        let offset = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let collected = scanner.collected.unwrap_or_default().into_iter();
        collected
            .map(|found| {
                let end = found.end.unwrap_or(found.start);
                let range = offset(found.start)..offset(end);
                (RuleId(found.rule), range, found.encoded)
            })
            .collect()
    }

    /// A scanner of what is encoded in this text, which only collects.
    fn inner(&self) -> Scanner {
        let held = self.limits.most_held() / 4 * 3;
        let limits = Limits {
            held: usize::try_from(held.saturating_sub(64)).unwrap_or(usize::MAX),
            on_limit: match self.limits.on_limit {
                OnLimit::PassThrough => OnLimit::PassThrough,
                OnLimit::Truncate | OnLimit::MaskRest => OnLimit::Truncate,
            },
        };
        let (rules, masker) = (Arc::clone(&self.rules), Arc::clone(&self.masker));
        let mut inner = Scanner::new(rules, masker, limits, Strictness::Text);
        inner.decoding = Decoding::new(self.decoding.depth + 1);
        inner.collected = Some(Vec::new());
        inner
    }

    /// Starts to decode where text is encoded.
    pub(super) fn decode_from(&mut self, base: u64, places: &Encoded, complete: bool) {
        if self.decoding.depth >= DEEPEST {
            return;
        }
        for (at, is_hex) in places.iter() {
            let start = base + at as u64;
            if start < self.decoding.done || self.decoding.lane.is_some() {
                continue;
            }
            let codec = if is_hex { Codec::Hex } else { Codec::Base64 };
            self.decoding.lane = Some(Lane::new(codec, start));
            self.decode(complete);
        }
    }

    /// Decodes what is known of the run.
    pub(super) fn decode(&mut self, complete: bool) {
        let Some(mut lane) = self.decoding.lane.take() else {
            return;
        };
        if self.decoding.is_unread() {
            return self.skip_unread(lane, complete);
        }
        let escapes = self.strictness == Strictness::Text;
        let (is_new, mut piece) = (lane.is_new(), [0; PIECE]);
        let mut count = lane.read(&self.window, complete, escapes, &mut piece);
        if is_new && lane.ended() && self.is_clean(piece.get(..count).unwrap_or_default()) {
            self.decoding.done = lane.position();
            return;
        }
        let mut inner = self.decoding.inner.take().unwrap_or_else(|| {
            Box::new(Inner {
                scanner: self.inner(),
                out: Vec::new(),
                origin: 0,
                taken: 0,
            })
        });
        if is_new {
            inner.origin = inner.scanner.window.end();
            inner.taken = 0;
        }
        loop {
            let text = piece.get(..count).unwrap_or_default();
            let result = if lane.ended() {
                let most = inner.scanner.most_kept();
                inner.scanner.window.push(text, most);
                inner.scanner.flush(&mut MaskAll, &mut inner.out)
            } else {
                inner.scanner.write(text, &mut MaskAll, &mut inner.out)
            };
            inner.out.clear();
            self.collect(&mut lane, &mut inner);
            if result.is_err() {
                let from = inner.held(&lane).max(self.settled);
                self.decoding.unread.push(Unread { from, to: None });
                return self.skip_unread(lane, complete);
            }
            lane.forget(inner.scanner.window.emitted().saturating_sub(inner.origin));
            if lane.ended() {
                self.decoding.done = lane.position();
                break;
            }
            if count + 3 <= PIECE {
                self.decoding.lane = Some(lane);
                break;
            }
            count = lane.read(&self.window, complete, escapes, &mut piece);
        }
        self.decoding.inner = Some(inner);
    }

    /// Looks for the end of a run that nobody looks into.
    fn skip_unread(&mut self, mut lane: Lane, complete: bool) {
        let escapes = self.strictness == Strictness::Text;
        let mut piece = [0; PIECE];
        while !lane.ended() {
            let count = lane.read(&self.window, complete, escapes, &mut piece);
            lane.forget(u64::MAX);
            if !lane.ended() && count + 3 <= PIECE {
                self.decoding.lane = Some(lane);
                return;
            }
        }
        self.decoding.done = lane.position();
        for unread in &mut self.decoding.unread {
            unread.to.get_or_insert(lane.position());
        }
        self.decoding.leave(0);
    }

    /// Deals with digits that nobody looks into, once nothing that starts before them can cover them. True if something was decided.
    pub(super) fn give_up(&mut self, unseen: u64, out: &mut Vec<u8>) -> Result<bool, RedactError> {
        let from = self.decoding.unread();
        let candidates = first(&self.live).min(first(&self.ready));
        if from >= candidates.min(unseen).min(self.floor_of_text()) || !self.decoding.goes_on() {
            return Ok(false);
        }
        self.window.emit(from, out);
        if self.limits.on_limit == OnLimit::MaskRest && self.strictness == Strictness::Text {
            self.masker.mask_parts("rest", 0, None, None, out);
            self.mute();
            return Ok(true);
        }
        Err(RedactError::Limit(Limit::Held))
    }

    /// Whether no credential can be in a short text: most are an identifier or the like.
    fn is_clean(&self, text: &[u8]) -> bool {
        let mut starts = Starts::new();
        let to = starts.find(text, 0, text.len(), false, &self.rules.index);
        let known = self.rules.known.as_ref();
        to == text.len()
            && known.is_none_or(|known| !known.may_be_in(text))
            && starts.iter().next().is_none()
            && starts.encoded.iter().next().is_none()
            && starts.escapes.iter().next().is_none()
    }

    /// What was found in the decoded text becomes a match in this one.
    fn collect(&mut self, lane: &mut Lane, inner: &mut Inner) {
        let Some(collected) = &mut inner.scanner.collected else {
            return;
        };
        for found in collected.drain(..) {
            let from = found.start.saturating_sub(inner.origin);
            let to = found
                .end
                .unwrap_or(found.start)
                .saturating_sub(inner.origin);
            // Groups that two values share belong to the first.
            let from = from.max(inner.taken);
            if to <= from {
                continue;
            }
            let (start, skip) = lane.start_of(from);
            let end = lane.end_of(to);
            inner.taken = to.div_ceil(lane.codec().bytes()) * lane.codec().bytes();
            let layer = Layer {
                codec: lane.codec(),
                skip: u8::try_from(skip).unwrap_or(0),
                length: u32::try_from(to - from).unwrap_or(u32::MAX),
            };
            let second = found.encoded.map(|layers| layers.first);
            let layers = Layers {
                first: layer,
                second,
            };
            if start >= self.settled {
                self.ended = true;
                self.ready.push(found.encoded_in(start, end, layers));
            }
        }
    }

    /// Looks at the digits that are too few to tell.
    pub(super) fn begin(&mut self, complete: bool) {
        self.decoding.beginning = UNKNOWN;
        if complete || self.decoding.lane.is_some() || self.decoding.depth >= DEEPEST {
            return;
        }
        let end = self.window.end();
        let from = self.position.saturating_sub(HEX as u64);
        let from = from
            .max(self.decoding.done)
            .max(self.text_start)
            .max(self.window.base());
        let text = self.window.slice(from, end);
        // A place is looked at with its last digit, whatever follows that.
        let may_be = |nth: usize| {
            let digits = text.get(nth..).unwrap_or_default();
            let codecs = [(Codec::Base64, BASE64), (Codec::Hex, HEX)];
            codecs.into_iter().any(|(codec, length)| {
                let unseen = from + (nth + length) as u64 > self.position;
                unseen && probe(codec, digits) != Verdict::Other
            })
        };
        if let Some(nth) = (0..text.len()).find(|nth| may_be(*nth)) {
            self.decoding.beginning = from + nth as u64;
        }
    }
}
