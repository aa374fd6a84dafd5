//! Server-sent events: a text ends with each blank line.

use crate::scan::Scanner;
use crate::{Judge, RedactError};

/// Where in a `text/event-stream` we are. A line ends with CR, LF or CR LF, in any mixture.
pub(crate) struct Events {
    line_is_empty: bool,
    after_cr: bool,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            line_is_empty: true,
            after_cr: false,
        }
    }
}

impl Events {
    pub(crate) fn write(
        &mut self,
        scanner: &mut Scanner,
        chunk: &[u8],
        judge: &mut dyn Judge,
        out: &mut Vec<u8>,
    ) -> Result<(), RedactError> {
        let mut rest = chunk;
        while let Some(length) = rest
            .iter()
            .position(|byte| self.ends_event(*byte))
            .map(|index| index + 1)
        {
            let (event, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            scanner.write(event, judge, out)?;
            scanner.flush(judge, out)?;
            rest = after;
        }
        scanner.write(rest, judge, out)
    }

    /// Whether an event ends with this byte. The LF of a CR LF belongs to the line that the CR ended.
    fn ends_event(&mut self, byte: u8) -> bool {
        let blank = match byte {
            b'\n' if self.after_cr => false,
            b'\n' | b'\r' => std::mem::replace(&mut self.line_is_empty, true),
            _ => {
                self.line_is_empty = false;
                false
            }
        };
        self.after_cr = byte == b'\r';
        blank
    }
}
