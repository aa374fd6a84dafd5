//! A run of digits, decoded as it comes.

use std::collections::VecDeque;

use super::Codec;
use super::digit::{NONE, Read, digit, is_text, line_end};
use crate::scan::window::Window;

/// Bytes decoded at once.
pub(in crate::scan) const PIECE: usize = 384;
/// So many groups in a row that are no text end the run: what follows may be another one.
const MOST_OTHER: u32 = 8;
/// Digits of a line that goes on in the next one.
const LINES: [u32; 2] = [64, 76];

/// A run of digits from where it starts to as far as it is known.
///
/// Beside the text that is held, a run holds three numbers for each place where digits do not simply follow each other (an escape, the end of a line).
pub(in crate::scan) struct Lane {
    codec: Codec,
    /// The next group.
    position: u64,
    /// Bytes decoded so far.
    decoded: u64,
    /// Digits in this line.
    line: u32,
    /// Groups in a row that are no text.
    other: u32,
    /// The last place before what is needed where groups do not follow each other, or the start.
    first: Mark,
    /// Such places behind it.
    marks: VecDeque<Mark>,
    ended: bool,
}

/// Behind so many decoded bytes: where the group before ends, and where the next one starts.
#[derive(Clone, Copy)]
struct Mark {
    decoded: u64,
    before: u64,
    after: u64,
}

impl Lane {
    pub(in crate::scan) fn new(codec: Codec, start: u64) -> Self {
        Self {
            codec,
            position: start,
            decoded: 0,
            line: 0,
            other: 0,
            first: Mark {
                decoded: 0,
                before: start,
                after: start,
            },
            marks: VecDeque::new(),
            ended: false,
        }
    }

    pub(in crate::scan) fn codec(&self) -> Codec {
        self.codec
    }

    /// The first byte that was not decoded.
    pub(in crate::scan) fn position(&self) -> u64 {
        self.position
    }

    /// Whether nothing was decoded yet.
    pub(in crate::scan) fn is_new(&self) -> bool {
        self.decoded == 0
    }

    /// Whether the run is over.
    pub(in crate::scan) fn ended(&self) -> bool {
        self.ended
    }

    /// Decodes what is known, as far as there is room; returns the number of bytes. Only whole groups before the run's end.
    pub(in crate::scan) fn read(
        &mut self,
        window: &Window,
        complete: bool,
        escapes: bool,
        into: &mut [u8; PIECE],
    ) -> usize {
        let mut count = 0;
        while !self.ended && count + 3 <= PIECE {
            let text = window.slice(self.position, window.end());
            let plain = self.read_plain(text, into.get_mut(count..).unwrap_or_default());
            count += plain;
            if self.ended || count + 3 > PIECE {
                break;
            }
            let text = window.slice(self.position, window.end());
            let Some(length) = self.read_group(
                text,
                complete,
                escapes,
                into.get_mut(count..).unwrap_or_default(),
            ) else {
                break;
            };
            count += length;
        }
        count
    }

    /// Decodes groups of digits that simply follow each other.
    fn read_plain(&mut self, text: &[u8], into: &mut [u8]) -> usize {
        let (values, codec) = (self.codec.values(), self.codec);
        let value = |digit: u8| u32::from(values.get(usize::from(digit)).copied().unwrap_or(NONE));
        let mut count = 0;
        match codec {
            Codec::Base64 => {
                let lanes = text
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .zip(into.as_chunks_mut::<3>().0);
                for ([a, b, c, d], to) in lanes {
                    let (a, b, c, d) = (value(*a), value(*b), value(*c), value(*d));
                    if (a | b | c | d) > 63 || self.at_line_end() {
                        break;
                    }
                    let [_, a, b, c] = (a << 18 | b << 12 | c << 6 | d).to_be_bytes();
                    *to = [a, b, c];
                    count += 3;
                    self.line = self.line.saturating_add(4);
                    if self.count_other(is_text(a) && is_text(b) && is_text(c)) {
                        break;
                    }
                }
                self.position += count as u64 / 3 * 4;
            }
            Codec::Hex => {
                for ([high, low], to) in text.as_chunks::<2>().0.iter().zip(into) {
                    let (high, low) = (value(*high), value(*low));
                    if (high | low) > 15 || self.at_line_end() {
                        break;
                    }
                    let byte = u8::try_from(high << 4 | low).unwrap_or(0);
                    *to = byte;
                    count += 1;
                    self.line = self.line.saturating_add(2);
                    if self.count_other(is_text(byte)) {
                        break;
                    }
                }
                self.position += count as u64 * 2;
            }
        }
        self.decoded += count as u64;
        count
    }

    /// Decodes one group with escapes in it or a line's end before it, or the last one; none if too little is known of it.
    fn read_group(
        &mut self,
        text: &[u8],
        complete: bool,
        escapes: bool,
        into: &mut [u8],
    ) -> Option<usize> {
        let (mut at, mut line) = (0, self.line);
        if self.at_line_end() {
            match line_end(self.codec, text, escapes) {
                Read::Found(_, length) => (at, line) = (length, 0),
                Read::Unfinished if !complete => return None,
                Read::Unfinished | Read::Other => {}
            }
        }
        let start = at;
        let (mut bits, mut digits) = (0u32, 0);
        while digits < self.codec.digits() {
            match digit(self.codec, text.get(at..).unwrap_or_default(), escapes) {
                Read::Found(value, length) => {
                    bits = bits << 6 | u32::from(value);
                    digits += 1;
                    at += length;
                }
                Read::Unfinished if !complete => return None,
                Read::Unfinished | Read::Other => {
                    self.ended = true;
                    break;
                }
            }
        }
        let bytes = match self.codec {
            Codec::Base64 => {
                let [_, a, b, c] = (bits << (6 * (4 - digits))).to_be_bytes();
                [a, b, c]
            }
            Codec::Hex => [
                u8::try_from((bits >> 6) << 4 | bits & 0xf).unwrap_or(0),
                0,
                0,
            ],
        };
        let length = match (self.codec, digits) {
            (Codec::Base64, 2..=4) => digits - 1,
            (Codec::Hex, 2) => 1,
            _ => return Some(0),
        };
        for (to, from) in into.iter_mut().zip(bytes.iter().take(length)) {
            *to = *from;
        }
        if start > 0 {
            self.mark(self.position, self.position + start as u64);
        }
        self.position += at as u64;
        self.decoded += length as u64;
        self.line = line.saturating_add(u32::try_from(digits).unwrap_or(0));
        if at - start != self.codec.digits() {
            self.mark(self.position, self.position);
        }
        let known = bytes.get(..length).unwrap_or_default();
        self.count_other(known.iter().all(|byte| is_text(*byte)));
        Some(length)
    }

    fn at_line_end(&self) -> bool {
        LINES.contains(&self.line)
    }

    /// Counts groups that are no text; true if that ends the run.
    fn count_other(&mut self, is_text: bool) -> bool {
        self.other = if is_text { 0 } else { self.other + 1 };
        self.ended |= self.other > MOST_OTHER;
        self.ended
    }

    fn mark(&mut self, before: u64, after: u64) {
        let decoded = self.decoded;
        match self.marks.back_mut() {
            Some(last) if last.decoded == decoded => last.after = after,
            _ => self.marks.push_back(Mark {
                decoded,
                before,
                after,
            }),
        }
    }

    /// Where the group starts that this decoded byte is in, and how many bytes it has before.
    pub(in crate::scan) fn start_of(&self, decoded: u64) -> (u64, u64) {
        let skip = decoded % self.codec.bytes();
        let mark = self.mark_before(decoded);
        (mark.after + self.digits_from(mark, decoded - skip), skip)
    }

    /// Where the group ends that the byte before this one is in; at most as far as was decoded.
    pub(in crate::scan) fn end_of(&self, decoded: u64) -> u64 {
        let unit = self.codec.bytes();
        let whole = decoded.div_ceil(unit) * unit;
        if whole >= self.decoded {
            return self.position;
        }
        let mark = self.mark_before(whole);
        if mark.decoded == whole {
            mark.before
        } else {
            mark.after + self.digits_from(mark, whole)
        }
    }

    /// Forgets what lies before this decoded byte.
    pub(in crate::scan) fn forget(&mut self, decoded: u64) {
        while let Some(mark) = self.marks.pop_front_if(|mark| mark.decoded <= decoded) {
            self.first = mark;
        }
    }

    fn digits_from(&self, mark: Mark, decoded: u64) -> u64 {
        decoded.saturating_sub(mark.decoded) / self.codec.bytes() * self.codec.digits() as u64
    }

    /// The last mark before a decoded byte.
    fn mark_before(&self, decoded: u64) -> Mark {
        let count = self.marks.partition_point(|mark| mark.decoded <= decoded);
        let mark = count
            .checked_sub(1)
            .and_then(|last| self.marks.get(last).copied());
        mark.unwrap_or(self.first)
    }
}
