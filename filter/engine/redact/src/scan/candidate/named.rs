//! From behind a name to the end of its value.

use crate::scan::assignment::{Assignment, Step};
use crate::scan::escape::Escape;
use crate::scan::escaped;

use super::{Candidate, Outcome, Text, UNKNOWN};

impl Candidate {
    /// From behind a name to the end of its value, of which no more than `most` bytes are taken before its end is known.
    pub(in crate::scan) fn follow_name(&mut self, text: Text<'_>, most: u64) -> Outcome {
        let Some(mut assignment) = self.assignment else {
            return Outcome::Done;
        };
        let outcome = self.assign(&mut assignment, text, most);
        self.assignment = Some(assignment);
        if self.start < text.settled && outcome == Outcome::Done {
            self.end = None;
        }
        if outcome == Outcome::Unfinished && assignment.is_certain() {
            let certain = self.back(text, self.position, assignment.doubtful());
            let certain = certain.max(self.start);
            // The end of a line may be the end of the text.
            let last = text
                .window
                .slice(self.start.max(certain.saturating_sub(2)), certain);
            self.end = Some(certain - line_end(last) as u64);
        }
        outcome
    }

    fn assign(&mut self, assignment: &mut Assignment, text: Text<'_>, most: u64) -> Outcome {
        let from = self.position;
        let bytes = text.window.slice(from, text.window.end());
        let introduced = matches!(bytes.first(), Some(b'%' | b'&' | b'+'));
        if self.written_with.is_some() || introduced && assignment.is_behind_name() {
            return self.assign_escaped(assignment, text, most);
        }
        let mut taken = assignment.run_to_value(bytes);
        while let Some(byte) = bytes.get(taken) {
            let at = from + taken as u64;
            if self.start != UNKNOWN {
                if self.is_part(assignment, text) {
                    self.position = at;
                    return Outcome::Done;
                }
                if at - self.start > most {
                    self.position = at;
                    self.overlong = true;
                    return Outcome::Unfinished;
                }
                let to = usize::try_from(self.start.saturating_add(most) - from);
                let to = to.unwrap_or(usize::MAX).min(bytes.len());
                let run = assignment.run(bytes.get(taken..to).unwrap_or_default());
                if run > 0 {
                    taken += run;
                    self.walk(1);
                    continue;
                }
            }
            taken += 1;
            let end = match assignment.step(*byte) {
                Step::InValue => continue,
                Step::More => {
                    self.start = UNKNOWN;
                    continue;
                }
                Step::Starts => {
                    self.start = at;
                    continue;
                }
                Step::Ends(before) => Some(at.saturating_sub(u64::from(before))),
                Step::EndsHere => Some(at + 1),
                Step::Fails => None,
            };
            self.end = end;
            self.position = at + 1;
            self.walk(taken as u64);
            return Outcome::Done;
        }
        self.walk(taken as u64);
        self.position = from + taken as u64;
        self.finish_assignment(assignment, text)
    }

    /// The same where bytes may be written as escapes.
    #[cold]
    fn assign_escaped(
        &mut self,
        assignment: &mut Assignment,
        text: Text<'_>,
        most: u64,
    ) -> Outcome {
        while let Some(byte) = text.window.byte(self.position) {
            let at = self.position;
            if self.is_part(assignment, text) {
                return Outcome::Done;
            }
            if self.start != UNKNOWN && at - self.start > most {
                self.overlong = true;
                return Outcome::Unfinished;
            }
            let Some((meant, length)) = self.meant(assignment, text, at, byte) else {
                return Outcome::Unfinished;
            };
            self.position += length as u64;
            self.walk(length as u64);
            self.end = match assignment.step(meant) {
                Step::InValue => None,
                Step::More => {
                    self.start = UNKNOWN;
                    None
                }
                Step::Starts => {
                    self.start = at;
                    None
                }
                Step::Ends(before) => {
                    self.end = Some(self.back(text, at, before));
                    return Outcome::Done;
                }
                Step::EndsHere => {
                    self.end = Some(self.position);
                    return Outcome::Done;
                }
                Step::Fails => return Outcome::Done,
            };
            if self.written_with.is_none() {
                return self.assign(assignment, text, most);
            }
        }
        self.finish_assignment(assignment, text)
    }

    /// Whether it is known by now to start in a value that was treated: so it is a part of that.
    fn is_part(&self, assignment: &Assignment, text: Text<'_>) -> bool {
        self.start < text.settled && assignment.is_certain()
    }

    /// All that is known was read.
    fn finish_assignment(&mut self, assignment: &mut Assignment, text: Text<'_>) -> Outcome {
        if self.is_part(assignment, text) {
            return Outcome::Done;
        }
        if !text.complete {
            return Outcome::Unfinished;
        }
        self.end = match assignment.finish() {
            // The end of the last line ends the text, not the value.
            Step::Ends(0) => {
                let last = self.start.max(self.position.saturating_sub(2));
                let last = text.window.slice(last, self.position);
                Some(self.position - line_end(last) as u64)
            }
            Step::Ends(before) => Some(self.back(text, self.position, before)),
            Step::EndsHere => Some(self.position),
            Step::More | Step::Starts | Step::InValue | Step::Fails => None,
        };
        Outcome::Done
    }

    /// What the next byte behind a name means, and how many bytes that takes; none if too little is known. Where what follows the name is written as an escape
    /// of a form or of XML, so is all that follows: then the escape's own delimiters end a value in the midst of it.
    fn meant(
        &mut self,
        assignment: &mut Assignment,
        text: Text<'_>,
        at: u64,
        byte: u8,
    ) -> Option<(u8, usize)> {
        let with = self.written_with;
        if matches!(byte, b'%' | b'&') && with.is_none_or(|with| with == byte) {
            match self.escape_at(at, text) {
                Escape::Byte(meant, length) if with.is_none() => {
                    // The bracket behind the name of a field is written so wherever it stands.
                    let next = text.window.byte(at + length as u64);
                    let escaped = match next {
                        Some(next) => meant != b']' || next == byte,
                        None => text.complete || meant != b']',
                    };
                    if escaped {
                        self.write_with(byte, assignment);
                        return Some((meant, length));
                    }
                    next?;
                }
                Escape::Byte(byte, length) if with.is_some() => return Some((byte, length)),
                Escape::Unfinished => return None,
                Escape::Byte(..) | Escape::No => {}
            }
        }
        if (with, byte) == (None, b'+') && assignment.is_behind_name() {
            match text.window.byte(at + 1) {
                Some(b'%') => {
                    self.write_with(b'%', assignment);
                    return Some((b' ', 1));
                }
                None if !text.complete => return None,
                _ => {}
            }
        }
        let meant = match (with, byte) {
            (Some(b'%'), b'+') if assignment.is_in_lead() || assignment.reads_scheme() => b' ',
            (Some(b'%'), b'&') | (Some(b'&'), b'<') => b'\n',
            _ => byte,
        };
        Some((meant, 1))
    }

    fn write_with(&mut self, introducer: u8, assignment: &mut Assignment) {
        self.written_with = Some(introducer);
        if introducer == b'%' {
            assignment.is_of_form();
        }
    }

    /// Where the last `count` bytes before a place start, as they are written.
    fn back(&self, text: Text<'_>, at: u64, count: u8) -> u64 {
        let raw = at.saturating_sub(u64::from(count));
        if self.written_with.is_none() || count == 0 {
            return raw;
        }
        // What was given out is not known any more, and is not doubted.
        let from = self.start.max(text.window.base()).min(at);
        let back = escaped::back(text.window.slice(from, at), count);
        back.map_or(from, |back| from + back as u64)
    }
}

/// Bytes of the line's end that a text ends with.
fn line_end(text: &[u8]) -> usize {
    match text {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n' | b'\r'] => 1,
        _ => 0,
    }
}
