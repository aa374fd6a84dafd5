//! From a word of a rule's context to the value, in a text that may be written with escapes.

use crate::scan::context::{Behind, REACH, behind};
use crate::scan::escape::{self, Escape};

use super::{Candidate, Text, UNKNOWN, Went};

impl Candidate {
    /// Finds where the value starts. Too little known: all of it is looked at again.
    pub(super) fn look_behind_context(&mut self, text: Text<'_>) -> Went {
        let known = text
            .window
            .slice(self.position, self.position + REACH as u64);
        let complete = text.complete || known.len() == REACH;
        self.walk(1);
        let plain = behind(known, complete);
        // Nearly always there is no escape before what decides.
        let looked_at = match plain {
            Behind::Value(bytes) => known.get(..bytes).unwrap_or_default(),
            Behind::Nothing | Behind::Unfinished(_) => known,
        };
        let found = if looked_at.iter().any(|byte| escape::introduces(*byte)) {
            self.look_behind_escaped(text)
        } else {
            plain
        };
        match found {
            Behind::Value(bytes) => {
                let read = self.read_plain(text, &mut [0; REACH], bytes);
                self.written_with = read.written_with.or(self.written_with);
                self.start = self.position + read.length;
                Went::Through
            }
            Behind::Nothing => {
                self.start = UNKNOWN;
                Went::Stuck
            }
            Behind::Unfinished(_) if text.complete => {
                self.start = UNKNOWN;
                Went::Stuck
            }
            Behind::Unfinished(bytes) => {
                let read = self.read_plain(text, &mut [0; REACH], bytes);
                self.start = self.position + read.length;
                Went::Unfinished
            }
        }
    }

    #[cold]
    fn look_behind_escaped(&mut self, text: Text<'_>) -> Behind {
        let mut plain = [0; REACH];
        let read = self.read_plain(text, &mut plain, REACH);
        self.walk(read.bytes as u64);
        let known = plain.get(..read.bytes).unwrap_or_default();
        behind(known, read.bytes == REACH || read.complete)
    }

    /// Reads so many bytes from here on, escapes as what they stand for.
    fn read_plain(&self, text: Text<'_>, plain: &mut [u8; REACH], bytes: usize) -> Plain {
        let mut read = Plain {
            bytes: 0,
            length: 0,
            written_with: None,
            complete: false,
        };
        for slot in plain.iter_mut().take(bytes) {
            let at = self.position + read.length;
            let Some(byte) = text.window.byte(at) else {
                read.complete = text.complete;
                break;
            };
            let (meant, length) = match self.escape_at(at, text) {
                Escape::Byte(meant, length) => {
                    read.written_with = Some(byte);
                    (meant, length)
                }
                Escape::No => (byte, 1),
                Escape::Unfinished => break,
            };
            *slot = meant;
            read.bytes += 1;
            read.length += length as u64;
        }
        read
    }
}

/// What was read.
struct Plain {
    bytes: usize,
    /// With how many bytes it is written.
    length: u64,
    /// The first byte of the escapes among it.
    written_with: Option<u8>,
    /// Whether nothing follows.
    complete: bool,
}
