//! Where texts end within a chunk.

use super::Records;

/// A piece of a text, and whether the text ends behind it.
pub(super) struct Part<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) ends: bool,
}

/// The parts of a chunk, in order.
pub(super) struct Parts<'a> {
    rest: Option<&'a [u8]>,
    records: Records,
}

impl<'a> Parts<'a> {
    pub(super) fn of(chunk: &'a [u8], records: Records) -> Self {
        Self {
            rest: Some(chunk),
            records,
        }
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let rest = self.rest.take()?;
        let end = match self.records {
            Records::One => None,
            Records::Null => rest.iter().position(|byte| *byte == 0),
        };
        let Some((bytes, behind)) = end.and_then(|end| rest.split_at_checked(end)) else {
            return Some(Part {
                bytes: rest,
                ends: false,
            });
        };
        self.rest = behind.get(1..);
        Some(Part { bytes, ends: true })
    }
}
