//! A first look behind a name, before anything is kept of it: most names are words of a text like all others.

use super::look::{LOOK, is_of_identifier, is_of_variable};
use super::{Assignment, Holds};

/// Blanks that are looked behind: fewer than the steps allow.
const BLANKS: usize = 16;
/// Shorter words behind a name are prose.
const SHORTEST: usize = 16;

impl Assignment {
    /// Whether the first bytes tell that no value follows: prose, as in `the token is` and `token: some words`, or an empty string. Of what is said to be hopeless here the steps
    /// would find nothing either, wherever a value is allowed to start. `last` is the byte right before the name.
    pub(crate) fn is_hopeless(last: Option<u8>, behind: &[u8], holds: Holds) -> bool {
        let (quote, rest) = match behind {
            [quote @ (b'"' | b'\''), rest @ ..] => (Some(*quote), rest),
            _ => (None, behind),
        };
        if let (None, [b'-', rest @ ..]) = (quote, rest) {
            return matches!(short_word(rest), Some(behind) if !goes_on_in_value(behind));
        }
        let (gap, rest) = behind_blanks(rest);
        let (colon, rest) = match rest {
            [b':', b'=', rest @ ..] | [b':', rest @ ..] => (true, rest),
            [b'=', rest @ ..] => (false, rest),
            // Behind an option and in a tag values need no operator, and elsewhere long ones, types and what is quoted.
            [b'a'..=b'z' | b'A'..=b'Z', ..] if gap > 0 && quote.is_none() => {
                return is_prose(rest)
                    && !last.is_some_and(|last| {
                        last.is_ascii_alphanumeric()
                            || matches!(last, b'_' | b'-' | b'.' | b'<' | b':')
                    });
            }
            _ => return false,
        };
        let (space, rest) = behind_blanks(rest);
        if holds == Holds::Random && is_short(rest) {
            return true;
        }
        match rest {
            [b'"', b'"', ..] => true,
            [first, ..] if is_of_variable(*first) => {
                let spaced = colon || gap + space > 0;
                spaced && holds != Holds::Scheme && goes_on(rest)
            }
            _ => false,
        }
    }
}

/// Whether a text starts with a short word, and with no more of a value than that.
fn is_prose(text: &[u8]) -> bool {
    let Some(behind) = short_word(text) else {
        return false;
    };
    match behind_blanks(behind) {
        (0, _) => !goes_on_in_value(behind),
        // A type, or prose about what is quoted.
        (_, rest) => !matches!(rest, [] | [b'=' | b'"' | b'\'' | b' ' | b'\t', ..]),
    }
}

/// What follows the word that a text starts with; none if it is as long as a value, or may be.
fn short_word(text: &[u8]) -> Option<&[u8]> {
    let end = text
        .iter()
        .take(SHORTEST)
        .position(|byte| !is_of_identifier(*byte))?;
    text.get(end..)
}

/// Whether a value may go on with what follows a word.
fn goes_on_in_value(behind: &[u8]) -> bool {
    matches!(
        behind,
        [] | [
            b'/' | b'+' | b'~' | b'=' | b'%' | b'&' | b'\\' | b'"' | b'\'',
            ..
        ]
    )
}

/// Whether a text starts with a value that is too short to look random.
fn is_short(text: &[u8]) -> bool {
    let text = match text {
        [b'"' | b'\'', rest @ ..] => rest,
        _ => text,
    };
    let behind = short_word(text);
    behind.is_some_and(|behind| {
        matches!(
            behind,
            [
                b'"' | b'\''
                    | b' '
                    | b'\t'
                    | b'\r'
                    | b'\n'
                    | b','
                    | b';'
                    | b'<'
                    | b'('
                    | b'{'
                    | b'[',
                ..
            ]
        )
    })
}

/// Whether a text starts with a word and more that belongs to it.
fn goes_on(text: &[u8]) -> bool {
    let most = text.get(..usize::from(LOOK)).unwrap_or(text);
    let Some(word) = most.iter().position(|byte| !is_of_variable(*byte)) else {
        return false;
    };
    let (blanks, rest) = behind_blanks(text.get(word..).unwrap_or_default());
    let next = rest.first().copied().unwrap_or(0);
    blanks > 0 && (next.is_ascii_alphanumeric() || matches!(next, b':' | b',' | b'-' | b'('))
}

/// How many blanks a text starts with, and what follows them.
#[inline]
fn behind_blanks(text: &[u8]) -> (usize, &[u8]) {
    let mut blanks = 0;
    let mut rest = text;
    while let [b' ' | b'\t', behind @ ..] = rest
        && blanks < BLANKS
    {
        rest = behind;
        blanks += 1;
    }
    (blanks, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_and_empty_strings_are_hopeless() {
        for text in [
            " is what opens the door",
            ": some words",
            " : token : token",
            " := nothing else",
            " = one two",
            "\": \"\"",
        ] {
            assert!(is_hopeless(text), "{text}");
        }
    }

    #[test]
    fn what_may_be_a_value_or_is_not_known_yet_is_not_hopeless() {
        for text in [
            "",
            " ",
            ": word",
            ": word\n",
            "=word word",
            ": hunter2 and",
            ": str = ",
            ": word # no",
            "\": \"word\"",
            " \"word\"",
        ] {
            assert!(!is_hopeless(text), "{text}");
        }
        assert!(!Assignment::is_hopeless(
            Some(b'-'),
            b" hunter",
            Holds::Anything
        ));
        assert!(!Assignment::is_hopeless(
            None,
            b": Bearer hunter2",
            Holds::Scheme
        ));
    }

    fn is_hopeless(text: &str) -> bool {
        Assignment::is_hopeless(Some(b'\n'), text.as_bytes(), Holds::Anything)
    }
}
