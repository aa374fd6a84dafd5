//! The delimiters of a multipart body, and of those nested in it.

/// Nesting that is followed.
const DEPTH: usize = 4;
/// Longest boundary. RFC 2046 allows 70 bytes; not every sender knows.
const LONGEST: usize = 200;

/// Two hyphens and the boundary, of each multipart body we are in, outermost first.
pub(super) struct Delimiters(Vec<Vec<u8>>);

impl Delimiters {
    pub(super) fn new(boundary: &[u8]) -> Self {
        Self(vec![delimiter(boundary)])
    }

    /// Goes into a part that is multipart itself; false if that is not followed.
    pub(super) fn enter(&mut self, boundary: &[u8]) -> bool {
        let follows = self.0.len() < DEPTH && is_valid(boundary);
        if follows {
            self.0.push(delimiter(boundary));
        }
        follows
    }

    /// A delimiter of this level was read, so all within its part is over; with a closing one its own body too, but for the outermost, behind whose
    /// end nothing else is expected.
    pub(super) fn leave(&mut self, level: usize, closing: bool) {
        let inner = if closing { level } else { level + 1 };
        self.0.truncate(inner.max(1));
    }

    /// Whether a line that starts like this may come to start with a delimiter.
    pub(super) fn may_become(&self, line: &[u8]) -> bool {
        self.0.iter().any(|delimiter| delimiter.starts_with(line))
    }

    /// Of the delimiters that the line starts with the longest: its level, and its length.
    pub(super) fn of(&self, line: &[u8]) -> Option<(usize, usize)> {
        self.0
            .iter()
            .enumerate()
            .filter(|(_, delimiter)| line.starts_with(delimiter))
            .map(|(level, delimiter)| (level, delimiter.len()))
            .max_by_key(|(_, length)| *length)
    }
}

/// Whether this can be the boundary of a body.
pub(crate) fn is_valid(boundary: &[u8]) -> bool {
    (1..=LONGEST).contains(&boundary.len())
        && boundary.iter().all(|byte| (0x20..0x7f).contains(byte))
        && !boundary.ends_with(b" ")
}

fn delimiter(boundary: &[u8]) -> Vec<u8> {
    [b"--", boundary].concat()
}
