//! Sets of bytes: what can come first in a part of a pattern, and how a class of them is written.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// A set of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bytes(Vec<bool>);

/// What can come first.
pub(super) struct First {
    pub(super) bytes: Bytes,
    /// Whether nothing need come at all.
    pub(super) optional: bool,
}

impl Bytes {
    pub(super) fn none() -> Self {
        Self(vec![false; 256])
    }

    pub(super) fn of(has: impl Fn(u8) -> bool) -> Self {
        Self((0..=u8::MAX).map(has).collect())
    }

    /// What `\b` wants beside a letter, digit or `_`.
    pub(super) fn no_word() -> Self {
        Self::of(|byte| !byte.is_ascii_alphanumeric() && byte != b'_')
    }

    pub(super) fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).is_some_and(|has| *has)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=u8::MAX).filter(|byte| self.has(*byte))
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.iter().any(|byte| other.has(byte))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    fn or(self, other: &Self) -> Self {
        Self::of(|byte| self.has(byte) || other.has(byte))
    }

    /// As a class of a pattern: of the smaller of the set and what is not in it.
    pub(super) fn written(&self) -> String {
        if *self == Self::no_word() {
            // As people write it.
            return "[^0-9A-Za-z_]".to_owned();
        }
        let negated = self.iter().count() > 128;
        let listed = Self::of(|byte| self.has(byte) != negated);
        let mut class = String::from(if negated { "[^" } else { "[" });
        let mut bytes = listed.iter().peekable();
        while let Some(first) = bytes.next() {
            let mut last = first;
            while let Some(next) = bytes.next_if(|next| last.checked_add(1) == Some(*next)) {
                last = next;
            }
            class.push_str(&escaped(first));
            if last > first {
                if last - first > 1 {
                    class.push('-');
                }
                class.push_str(&escaped(last));
            }
        }
        class.push(']');
        class
    }
}

fn escaped(byte: u8) -> String {
    match byte {
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        b'\'' => "\\x27".to_owned(),
        b'\\' | b'[' | b']' | b'^' | b'-' | b'&' | b'~' => format!("\\{}", char::from(byte)),
        b' '..=b'}' => char::from(byte).to_string(),
        other => format!("\\x{other:02x}"),
    }
}

/// The bytes of a class or of a single byte.
pub(super) fn class(hir: &Hir) -> Option<Bytes> {
    match hir.kind() {
        HirKind::Class(Class::Bytes(class)) => {
            let ranges = class.ranges();
            Some(Bytes::of(|byte| {
                ranges
                    .iter()
                    .any(|it| (it.start()..=it.end()).contains(&byte))
            }))
        }
        HirKind::Class(Class::Unicode(class)) => {
            let ranges = class.ranges();
            Some(Bytes::of(|byte| {
                let byte = char::from(byte);
                ranges
                    .iter()
                    .any(|it| (it.start()..=it.end()).contains(&byte))
            }))
        }
        HirKind::Literal(literal) if literal.0.len() == 1 => {
            let only = literal.0.first().copied();
            Some(Bytes::of(|byte| Some(byte) == only))
        }
        HirKind::Capture(capture) => class(&capture.sub),
        _ => None,
    }
}

/// What can come first in parts that stand one behind the other. The end of a text counts as nothing, since it may always stand there.
pub(super) fn first<'a>(parts: impl IntoIterator<Item = &'a Hir>) -> First {
    let mut all = First {
        bytes: Bytes::none(),
        optional: true,
    };
    for part in parts {
        let next = first_of(part);
        all.bytes = all.bytes.or(&next.bytes);
        if !next.optional {
            all.optional = false;
            break;
        }
    }
    all
}

fn first_of(hir: &Hir) -> First {
    let exactly = |bytes| First {
        bytes,
        optional: false,
    };
    match hir.kind() {
        HirKind::Empty => First {
            bytes: Bytes::none(),
            optional: true,
        },
        HirKind::Literal(literal) => {
            let start = literal.0.first().copied();
            exactly(Bytes::of(|byte| Some(byte) == start))
        }
        HirKind::Class(_) => exactly(class(hir).unwrap_or_else(Bytes::none)),
        HirKind::Look(Look::Start | Look::End) => exactly(Bytes::none()),
        HirKind::Look(Look::StartLF | Look::EndLF | Look::StartCRLF | Look::EndCRLF) => {
            exactly(Bytes::of(|byte| matches!(byte, b'\n' | b'\r')))
        }
        HirKind::Look(_) => exactly(Bytes::no_word()),
        HirKind::Repetition(repetition) => {
            let mut sub = first_of(&repetition.sub);
            sub.optional |= repetition.min == 0;
            sub
        }
        HirKind::Capture(capture) => first_of(&capture.sub),
        HirKind::Concat(parts) => first(parts),
        HirKind::Alternation(branches) => {
            let mut any = First {
                bytes: Bytes::none(),
                optional: false,
            };
            for branch in branches {
                let next = first_of(branch);
                any.bytes = any.bytes.or(&next.bytes);
                any.optional |= next.optional;
            }
            any
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_written_as_it_is_read() {
        for text in [
            "[0-9A-Za-z]",
            "[^0-9A-Za-z_]",
            r"[\t -/]",
            "[ab]",
            r"[\x00-\x1f]",
        ] {
            let hir = regex_syntax::ParserBuilder::new()
                .unicode(false)
                .utf8(false)
                .build()
                .parse(text)
                .unwrap();
            let set = class(&hir).unwrap();
            let again = regex_syntax::ParserBuilder::new()
                .unicode(false)
                .utf8(false)
                .build()
                .parse(&set.written())
                .unwrap();
            assert_eq!(class(&again), Some(set), "{text}");
        }
    }
}
