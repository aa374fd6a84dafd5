//! Header lines as they stand in a message.

/// One header, folded lines included. Its parts in their order are the text again.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line<'t> {
    pub(crate) name: &'t [u8],
    /// The colon behind the name; empty where the line has none and is all value.
    pub(crate) colon: &'t [u8],
    /// With the white space around it.
    pub(crate) value: &'t [u8],
    /// How the line ends: CR LF, either of them, or the end of the text.
    pub(crate) end: &'t [u8],
}

impl Line<'_> {
    pub(crate) fn len(&self) -> usize {
        self.name.len() + self.colon.len() + self.value.len() + self.end.len()
    }

    /// Whether its name is this one, in lower case.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.trim_ascii().eq_ignore_ascii_case(name.as_bytes())
    }
}

/// All headers of a text. A line that begins with a blank goes on with the one before it.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (content, end) = extent(rest);
        let (content, behind) = rest.split_at_checked(content).unwrap_or((rest, &[]));
        let (end, after) = behind.split_at_checked(end).unwrap_or((behind, &[]));
        rest = after;
        let colon = content.iter().position(|byte| *byte == b':');
        let (name, value) = content
            .split_at_checked(colon.unwrap_or(0))
            .unwrap_or((content, &[]));
        let (colon, value) = value
            .split_at_checked(usize::from(colon.is_some()))
            .unwrap_or((value, &[]));
        Some(Line {
            name,
            colon,
            value,
            end,
        })
    })
}

/// How long the first header is, and how long the end of its last line.
fn extent(text: &[u8]) -> (usize, usize) {
    let mut from = 0;
    loop {
        let rest = text.get(from..).unwrap_or_default();
        let Some(length) = memchr::memchr2(b'\r', b'\n', rest) else {
            return (text.len(), 0);
        };
        let end = match rest.get(length..) {
            Some([b'\r', b'\n', ..]) => 2,
            _ => 1,
        };
        let content = from + length;
        match text.get(content + end) {
            Some(b' ' | b'\t') if content > 0 => from = content + end,
            _ => return (content, end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_line_are_told_apart_and_folds_belong_to_it() {
        let text = b"A: b\r\nc:\td\n\n no colon\rE:f\r\n g\n\th\r\n\r\n:x";
        let found: Vec<_> = lines(text).collect();
        let parts = |line: &Line<'_>| {
            [line.name, line.colon, line.value, line.end]
                .map(|part| String::from_utf8_lossy(part).into_owned())
        };
        assert_eq!(
            found.iter().map(parts).collect::<Vec<_>>(),
            [
                ["A", ":", " b", "\r\n"],
                ["c", ":", "\td", "\n"],
                ["", "", "", "\n"],
                ["", "", " no colon", "\r"],
                ["E", ":", "f\r\n g\n\th", "\r\n"],
                ["", "", "", "\r\n"],
                ["", ":", "x", ""],
            ]
        );
        assert_eq!(found.iter().map(Line::len).sum::<usize>(), text.len());
        assert!(found[0].is("a") && !found[0].is("b"));
    }
}
