//! A line of an example with a mark under one of its bytes. What could be a credential is masked: an author may have pasted a real one.

use veilgate_redact::Trace;

/// Characters on each side of the mark.
const AROUND: usize = 60;
/// Bytes at the start of a long word or of a value that stay readable.
const READABLE: usize = 8;
/// Words of more bytes are masked behind their first ones.
const LONG: usize = 16;

/// The line that holds byte `at`, and below it a caret there.
pub(super) fn shown(text: &str, trace: &Trace, at: usize) -> String {
    let from = text.get(..at).and_then(|before| before.rfind('\n'));
    let from = from.map_or(0, |line| line + 1);
    let rest = text.get(from..).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default();
    let hidden = Hidden::of(text, trace, at);
    let mut column = 0;
    let mut shown: Vec<char> = Vec::new();
    for (offset, character) in line.char_indices() {
        let place = from + offset;
        if place <= at {
            column = shown.len();
        }
        shown.push(match character {
            it if hidden.hides(place) && it.is_alphanumeric() => '*',
            it if it.is_control() => ' ',
            it => it,
        });
    }
    if at >= from + line.len() {
        column = shown.len();
    }
    let first = column.saturating_sub(AROUND);
    let cut: String = shown.iter().skip(first).take(2 * AROUND).collect();
    let dots = if first > 0 { "..." } else { "" };
    let more = if shown.len() > first + 2 * AROUND {
        "..."
    } else {
        ""
    };
    let indent = " ".repeat(dots.len() + column - first);
    format!("    {dots}{cut}{more}\n    {indent}^")
}

/// Which bytes of a text are not shown.
struct Hidden(Vec<bool>);

impl Hidden {
    fn of(text: &str, trace: &Trace, at: usize) -> Self {
        let bytes = text.as_bytes();
        let is_part = |byte: &u8| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'-' | b'.' | b'+' | b'/' | b'=' | b'~')
        };
        let mut hidden = vec![false; bytes.len()];
        let mut hide = |from: usize, to: usize| {
            let span = hidden.get_mut(from..to.max(from));
            span.unwrap_or_default().fill(true);
        };
        let mut from = 0;
        for word in bytes.split(|byte| !is_part(byte)) {
            if word.len() > LONG {
                hide(from + READABLE, from + word.len());
            }
            from += word.len() + 1;
        }
        if let Some(value) = trace.value {
            // A pattern's own first bytes are no secret: the rule says them.
            let value = if value == trace.from {
                value + READABLE
            } else {
                value
            };
            hide(value.min(at), at.min(bytes.len()));
        }
        if let Some(byte) = hidden.get_mut(at) {
            *byte = false;
        }
        Self(hidden)
    }

    fn hides(&self, at: usize) -> bool {
        self.0.get(at).is_some_and(|hidden| *hidden)
    }
}

#[cfg(test)]
mod tests {
    use veilgate_redact::Stopped;

    use super::*;

    fn mark(text: &str, from: usize, value: Option<usize>, at: usize) -> String {
        let trace = Trace {
            stopped: Stopped::Pattern,
            from,
            value,
            at,
        };
        shown(text, &trace, at)
    }

    #[test]
    fn the_mark_stands_under_the_byte() {
        assert_eq!(
            mark("a\nkey=abcdef!xyz", 2, Some(6), 12),
            "    key=******!xyz\n              ^"
        );
        assert_eq!(mark("ü=1", 0, None, 3), "    ü=1\n      ^");
        assert_eq!(mark("ab", 0, None, 2), "    ab\n      ^");
        assert_eq!(mark("", 0, None, 0), "    \n    ^");
    }

    #[test]
    fn what_could_be_a_credential_is_masked() {
        let token = "acme_0123456789abcdefghij+klm";
        let shown = mark(token, 0, Some(0), 25);
        assert!(shown.contains("acme_012*****************+***"), "{shown}");
        let long = format!("{}!{}", "x ".repeat(100), "y ".repeat(100));
        let shown = mark(&long, 0, None, 200);
        let (line, caret) = shown.split_once('\n').unwrap();
        assert_eq!(line.as_bytes()[caret.len() - 1], b'!');
    }
}
