//! What a frame has become so far, as far back as it may refer to.

/// Bytes copied at once where fewer are wanted.
const STEP: usize = 16;

/// A ring that grows up to its room. What was added last is handed out in pieces that do not wrap.
pub(super) struct Window {
    bytes: Vec<u8>,
    /// Most bytes kept: the window, and the block that is being made.
    room: usize,
    /// How far back a match may reach.
    reach: usize,
    /// Where the next byte goes.
    at: usize,
    /// Whether the ring is full, so that what follows `at` is older content.
    full: bool,
    /// Bytes added that were not handed out.
    fresh: usize,
    piece: (usize, usize),
}

impl Window {
    pub(super) fn new(reach: usize, room: usize) -> Window {
        Window {
            bytes: Vec::new(),
            room: room.max(1),
            reach,
            at: 0,
            full: false,
            fresh: 0,
            piece: (0, 0),
        }
    }

    /// Makes room for bytes that are to be added. None when what is there has not been handed out.
    pub(super) fn claim(&mut self, count: usize) -> Option<()> {
        if self.fresh.checked_add(count)? > self.room {
            return None;
        }
        let needed = self.at.saturating_add(count).min(self.room);
        let length = self.bytes.len();
        if needed > length {
            // Doubling, but never beyond the room.
            let target = needed.max(length.saturating_mul(2)).min(self.room);
            self.bytes.reserve_exact(target - length);
            self.bytes.resize(needed, 0);
        }
        Some(())
    }

    /// Adds bytes for which there is room.
    #[inline]
    pub(super) fn push(&mut self, bytes: &[u8]) -> Option<()> {
        if let Some(slots) = self.bytes.get_mut(self.at..self.at + bytes.len()) {
            slots.copy_from_slice(bytes);
            self.advance_by(bytes.len());
            return Some(());
        }
        self.push_around(bytes)
    }

    /// Adds literals, which are the first `count` of these bytes. What follows them is written too where that is quicker; it will be overwritten.
    #[inline]
    pub(super) fn push_some(&mut self, bytes: &[u8], count: usize) -> Option<()> {
        if count <= STEP
            && let Some(step) = bytes.first_chunk::<STEP>()
            && let Some(slots) = self.free().and_then(<[u8]>::first_chunk_mut::<STEP>)
        {
            *slots = *step;
            self.advance_by(count);
            return Some(());
        }
        self.push(bytes.get(..count)?)
    }

    /// Adds a byte, `count` times.
    pub(super) fn repeat(&mut self, byte: u8, mut count: usize) -> Option<()> {
        while count > 0 {
            let run = self.run(count);
            self.bytes.get_mut(self.at..self.at + run)?.fill(byte);
            self.advance_by(run);
            count -= run;
        }
        Some(())
    }

    /// Adds `count` bytes as they were `distance` bytes ago. None when that is farther back than a match may reach.
    #[inline]
    pub(super) fn copy(&mut self, distance: usize, count: usize) -> Option<()> {
        // Most matches are short, and not of what they write themselves.
        if count <= STEP && distance >= STEP && distance <= self.at.min(self.reach) {
            let from = self.at - distance;
            let step = *self.bytes.get(from..)?.first_chunk::<STEP>()?;
            if let Some(slots) = self.free().and_then(<[u8]>::first_chunk_mut::<STEP>) {
                *slots = step;
                self.advance_by(count);
                return Some(());
            }
        }
        self.copy_around(distance, count)
    }

    /// What may be written before the ring wraps. Beyond what there is room for lies content that is too old for any match, as the ring is larger than a
    /// match may reach by a whole block.
    #[inline]
    fn free(&mut self) -> Option<&mut [u8]> {
        self.bytes.get_mut(self.at..)
    }

    fn push_around(&mut self, mut bytes: &[u8]) -> Option<()> {
        while !bytes.is_empty() {
            let run = self.run(bytes.len());
            let (head, rest) = bytes.split_at_checked(run)?;
            self.bytes
                .get_mut(self.at..self.at + run)?
                .copy_from_slice(head);
            self.advance_by(run);
            bytes = rest;
        }
        Some(())
    }

    fn copy_around(&mut self, distance: usize, mut count: usize) -> Option<()> {
        let known = if self.full { self.room } else { self.at };
        if distance == 0 || distance > known.min(self.reach) {
            return None;
        }
        while count > 0 {
            let from = if distance <= self.at {
                self.at - distance
            } else {
                self.at + self.room - distance
            };
            // Neither end may wrap within one copy, nor may it read what it has yet to write.
            let run = self.run(count).min(distance).min(self.room - from);
            self.bytes.get(from..from + run)?;
            self.bytes.get(self.at..self.at + run)?;
            self.bytes.copy_within(from..from + run, self.at);
            self.advance_by(run);
            count -= run;
        }
        Some(())
    }

    /// Readies what was added as pieces, one at a time; an empty one when all was handed out.
    pub(super) fn advance(&mut self) -> &[u8] {
        let start = if self.fresh <= self.at {
            self.at - self.fresh
        } else {
            self.at + self.room - self.fresh
        };
        let length = self.fresh.min(self.room - start);
        self.fresh -= length;
        self.piece = (start, start + length);
        self.piece()
    }

    /// The piece that was readied last.
    pub(super) fn piece(&self) -> &[u8] {
        let (start, end) = self.piece;
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// How many of `count` bytes fit before the ring wraps.
    fn run(&self, count: usize) -> usize {
        count.min(self.room - self.at)
    }

    #[inline]
    fn advance_by(&mut self, count: usize) {
        self.fresh += count;
        self.at += count;
        if self.at == self.room {
            self.at = 0;
            self.full = true;
        }
    }
}
