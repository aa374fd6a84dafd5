//! What a frame has become so far, as far back as it may refer to.

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

    /// Adds bytes. None when they do not fit before what is there has been handed out.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Option<()> {
        self.claim(bytes.len())?;
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

    /// Adds a byte, `count` times.
    pub(super) fn repeat(&mut self, byte: u8, mut count: usize) -> Option<()> {
        self.claim(count)?;
        while count > 0 {
            let run = self.run(count);
            self.bytes.get_mut(self.at..self.at + run)?.fill(byte);
            self.advance_by(run);
            count -= run;
        }
        Some(())
    }

    /// Adds `count` bytes as they were `distance` bytes ago. None when that is farther back than a match may reach.
    pub(super) fn copy(&mut self, distance: usize, mut count: usize) -> Option<()> {
        let known = if self.full { self.room } else { self.at };
        if distance == 0 || distance > known.min(self.reach) {
            return None;
        }
        self.claim(count)?;
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

    /// Accounts for bytes to come.
    fn claim(&mut self, count: usize) -> Option<()> {
        self.fresh = self.fresh.checked_add(count)?;
        if self.fresh > self.room {
            return None;
        }
        if !self.full {
            let needed = self.at.saturating_add(count).min(self.room);
            if needed > self.bytes.len() {
                // Doubling, but never beyond the room.
                let target = needed
                    .max(self.bytes.len().saturating_mul(2))
                    .min(self.room);
                self.bytes.reserve_exact(target - self.bytes.len());
                self.bytes.resize(needed, 0);
            }
        }
        Some(())
    }

    /// How many of `count` bytes fit before the ring wraps.
    fn run(&self, count: usize) -> usize {
        count.min(self.room - self.at)
    }

    fn advance_by(&mut self, count: usize) {
        self.at += count;
        if self.at == self.room {
            self.at = 0;
            self.full = true;
        }
    }
}
