//! JSON Lines and JSON text sequences: a text ends with each line.

use memchr::memchr2;

use crate::RedactError;

use super::Sink;

/// Begins a record of RFC 7464.
const RECORD_SEPARATOR: u8 = 0x1e;

/// Stateless: where a line ends is told by one byte.
///
/// A JSON string holds no raw line feed, so no value reaches over the end of a line, and what starts on one line says nothing about the next.
pub(crate) fn write(sink: &mut Sink<'_>, chunk: &[u8]) -> Result<(), RedactError> {
    let mut rest = chunk;
    while let Some(index) = memchr2(b'\n', RECORD_SEPARATOR, rest) {
        let (line, end) = rest.split_at_checked(index).unwrap_or((rest, &[]));
        let (end, after) = end.split_at_checked(1).unwrap_or((end, &[]));
        if end == [RECORD_SEPARATOR] {
            sink.write_last(line)?;
            sink.write_last(end)?;
        } else {
            let (line, _) = rest.split_at_checked(index + 1).unwrap_or((rest, &[]));
            sink.write_last(line)?;
        }
        rest = after;
    }
    sink.write(rest)
}
