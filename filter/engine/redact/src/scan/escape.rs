//! Bytes written as escapes: `\u0041` and `\/` of JSON, `%41` of URLs and forms, `&#65;` of XML and HTML.
//!
//! Why inside the scan and not as a pass before it: most texts hold an escape somewhere and nearly none inside a credential, so automata read plain
//! bytes, and only where they would stop at an escape is it taken for the byte it stands for.

/// What stands at a place of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// This byte, written with so many bytes.
    Byte(u8, usize),
    /// The start of an escape, as far as the text goes.
    Unfinished,
    /// No escape.
    No,
}

/// Longest escape that is read; longer runs of backslashes or zeros are none.
pub(super) const LONGEST: usize = 16;

/// Whether an escape can start with this byte.
#[inline]
pub(crate) fn introduces(byte: u8) -> bool {
    (byte == b'\\') | (byte == b'%') | (byte == b'&')
}

/// Reads the escape at the start of `text`.
pub(super) fn read(text: &[u8]) -> Escape {
    // Most are one of these.
    if let [b'%', high @ b'2'..=b'7', low, ..] = text
        && (*high, *low) != (b'2', b'5')
    {
        return match digit(*low) {
            Some(low) => Escape::Byte((high - b'0') << 4 | low, 3),
            None => Escape::No,
        };
    }
    let text = text.get(..LONGEST).unwrap_or(text);
    let escape = match text {
        [b'\\', rest @ ..] => backslash(rest),
        [b'%', rest @ ..] => percent(rest),
        [b'&', rest @ ..] => entity(rest),
        _ => Escape::No,
    };
    match escape {
        Escape::Unfinished if text.len() == LONGEST => Escape::No,
        other => other,
    }
}

/// JSON, also within JSON strings within JSON: any number of backslashes, then `u0041` or `/`.
fn backslash(rest: &[u8]) -> Escape {
    let more = rest.iter().take_while(|byte| **byte == b'\\').count();
    match rest.get(more..).unwrap_or_default() {
        [] => Escape::Unfinished,
        [b'/', ..] => Escape::Byte(b'/', more + 2),
        [b'u', digits @ ..] => {
            let digits = digits.get(..4).unwrap_or(digits);
            match hex(digits) {
                Some(value) if digits.len() == 4 => u8::try_from(value)
                    .ok()
                    .filter(u8::is_ascii)
                    .map_or(Escape::No, |byte| Escape::Byte(byte, more + 6)),
                Some(_) => Escape::Unfinished,
                None => Escape::No,
            }
        }
        _ => Escape::No,
    }
}

/// URLs and forms, also encoded more than once: `%41`, `%2541`.
fn percent(rest: &[u8]) -> Escape {
    let mut more = 0;
    let mut rest = rest;
    while let [b'2', b'5', again @ ..] = rest {
        match again {
            // A percent sign of its own, unless an escape follows it.
            [] => return Escape::Unfinished,
            [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                more += 2;
                rest = again;
            }
            [a] if a.is_ascii_hexdigit() => return Escape::Unfinished,
            _ => break,
        }
    }
    let digits = rest.get(..2).unwrap_or(rest);
    match hex(digits) {
        Some(value) if digits.len() == 2 => u8::try_from(value)
            .ok()
            .map_or(Escape::No, |byte| Escape::Byte(byte, more + 3)),
        Some(_) => Escape::Unfinished,
        None => Escape::No,
    }
}

/// XML and HTML: numbers, and the names of the five characters that markup needs.
fn entity(rest: &[u8]) -> Escape {
    let Some(end) = rest.iter().position(|byte| *byte == b';') else {
        let could_go_on = match rest {
            [b'#', b'x' | b'X', digits @ ..] => digits.iter().all(u8::is_ascii_hexdigit),
            [b'#', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
            _ => NAMES.iter().any(|(name, _)| name.starts_with(rest)),
        };
        return if could_go_on {
            Escape::Unfinished
        } else {
            Escape::No
        };
    };
    let name = rest.get(..end).unwrap_or_default();
    let number = match name {
        [b'#', b'x' | b'X', digits @ ..] => hex(digits).filter(|_| !digits.is_empty()),
        [b'#', digits @ ..] => std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse().ok()),
        _ => {
            let known = NAMES.iter().find(|(known, _)| *known == name);
            known.map(|(_, byte)| u32::from(*byte))
        }
    };
    number
        .and_then(|number| u8::try_from(number).ok())
        .filter(u8::is_ascii)
        .map_or(Escape::No, |byte| Escape::Byte(byte, end + 2))
}

const NAMES: [(&[u8], u8); 5] = [
    (b"amp", b'&'),
    (b"lt", b'<'),
    (b"gt", b'>'),
    (b"quot", b'"'),
    (b"apos", b'\''),
];

/// The value of hexadecimal digits; none if one is not.
fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |value, byte| {
        value.checked_mul(16)?.checked_add(u32::from(digit(*byte)?))
    })
}

#[inline]
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_as_their_readers_do() {
        for (text, expected) in [
            (r"\u0041b", Escape::Byte(b'A', 6)),
            (r"\\u0041", Escape::Byte(b'A', 7)),
            (r"\/", Escape::Byte(b'/', 2)),
            (r"\n", Escape::No),
            (r"\u0141", Escape::No),
            (r"\u00g1", Escape::No),
            ("%41", Escape::Byte(b'A', 3)),
            ("%2541", Escape::Byte(b'A', 5)),
            ("%252541", Escape::Byte(b'A', 7)),
            ("%25%41", Escape::Byte(b'%', 3)),
            ("%4x", Escape::No),
            ("&#65;", Escape::Byte(b'A', 5)),
            ("&#x41;", Escape::Byte(b'A', 6)),
            ("&#x0041;", Escape::Byte(b'A', 8)),
            ("&amp;", Escape::Byte(b'&', 5)),
            ("&quot;", Escape::Byte(b'"', 6)),
            ("&nbsp;", Escape::No),
            ("&#300;", Escape::No),
            ("&#;", Escape::No),
            ("x", Escape::No),
        ] {
            assert_eq!(read(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn a_part_of_an_escape_waits_for_the_rest() {
        for text in [
            r"\u0041", "%41", "%2541", "&#65;", "&#x41;", "&quot;", r"\/",
        ] {
            for cut in 1..text.len() {
                assert_eq!(
                    read(&text.as_bytes()[..cut]),
                    Escape::Unfinished,
                    "{text} {cut}"
                );
            }
        }
    }

    /// What is unfinished ends, one way or the other, within the longest escape.
    #[test]
    fn nothing_waits_for_ever() {
        for text in [
            "\\".repeat(40),
            format!("%{}", "25".repeat(40)),
            format!("&#{}", "0".repeat(40)),
            format!("&#x{}", "0".repeat(40)),
        ] {
            assert_ne!(read(text.as_bytes()), Escape::Unfinished, "{text}");
        }
    }
}
