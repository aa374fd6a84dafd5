//! Texts that a pattern matches, with placeholders where it is random, so that no file holds what looks like a token.

use regex_syntax::hir::{Hir, HirKind};

use super::bytes::{Bytes, class};

/// A repetition that may be once is shown so often where it has no end.
const USUAL: u32 = 8;

/// A text for parts that stand one behind the other. `choice` says which of several alternatives it takes, counted anew where there are fewer.
pub(super) fn template<'a>(parts: impl IntoIterator<Item = &'a Hir>, choice: usize) -> String {
    parts.into_iter().map(|part| of(part, choice)).collect()
}

fn of(hir: &Hir, choice: usize) -> String {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => String::new(),
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).into_owned(),
        HirKind::Class(_) => class(hir).map_or_else(String::new, |set| run(&set, 1, choice)),
        HirKind::Capture(capture) => of(&capture.sub, choice),
        HirKind::Concat(parts) => template(parts, choice),
        HirKind::Alternation(branches) => {
            let branch = branches.get(choice % branches.len().max(1));
            branch.map_or_else(String::new, |branch| of(branch, choice))
        }
        HirKind::Repetition(repetition) => {
            let count = match (repetition.min, repetition.max) {
                (0, _) => 0,
                (1, None) if is_random(&repetition.sub) => USUAL,
                (least, _) => least,
            };
            match class(&repetition.sub) {
                Some(set) => run(&set, count, choice),
                None => (0..count).map(|_| of(&repetition.sub, choice)).collect(),
            }
        }
    }
}

/// The alphabets of placeholders, from the largest on.
fn alphabets() -> [(&'static str, Bytes); 11] {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    [
        (
            "b64u",
            Bytes::of(move |it| plain(it) || matches!(it, b'_' | b'-')),
        ),
        (
            "b64",
            Bytes::of(move |it| plain(it) || matches!(it, b'+' | b'/')),
        ),
        ("b62", Bytes::of(plain)),
        ("alpha", Bytes::of(|it| it.is_ascii_alphabetic())),
        (
            "low",
            Bytes::of(|it| matches!(it, b'0'..=b'9' | b'a'..=b'z')),
        ),
        (
            "UP",
            Bytes::of(|it| matches!(it, b'0'..=b'9' | b'A'..=b'Z')),
        ),
        (
            "b32",
            Bytes::of(|it| matches!(it, b'2'..=b'7' | b'A'..=b'Z')),
        ),
        (
            "bech32",
            Bytes::of(|it| b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".contains(&it)),
        ),
        (
            "hex",
            Bytes::of(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f')),
        ),
        (
            "HEX",
            Bytes::of(|it| matches!(it, b'0'..=b'9' | b'A'..=b'F')),
        ),
        ("dec", Bytes::of(|it| it.is_ascii_digit())),
    ]
}

/// Whether a placeholder stands for it.
fn is_random(hir: &Hir) -> bool {
    class(hir).is_some_and(|set| set.iter().filter(u8::is_ascii_alphanumeric).count() >= 8)
}

/// So many bytes of a set.
fn run(set: &Bytes, count: u32, choice: usize) -> String {
    if count == 0 {
        return String::new();
    }
    let few = set.iter().count() < 8;
    let fits = |alphabet: &Bytes| alphabet.iter().all(|byte| set.has(byte));
    if let Some((name, _)) = alphabets().iter().find(|(_, it)| !few && fits(it)) {
        return format!("{{{{{name}:{count}}}}}");
    }
    // Without a placeholder for them: its bytes in turn, small letters first.
    let printable: Vec<u8> = set
        .iter()
        .filter(|byte| byte.is_ascii_graphic() || *byte == b' ')
        .collect();
    let (small, other): (Vec<u8>, Vec<u8>) = printable
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .partition(|byte| byte.is_ascii_lowercase());
    let plain = [small, other].concat();
    let from = if plain.is_empty() { printable } else { plain };
    let from = if from.is_empty() {
        set.iter().collect()
    } else {
        from
    };
    (0..count)
        .zip((0..from.len()).cycle().skip(choice))
        .filter_map(|(_, nth)| from.get(nth).copied().map(char::from))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_random_is_a_placeholder() {
        for (pattern, expected) in [
            ("abc_[0-9a-f]{32}", "abc_{{hex:32}}"),
            (r"x[\w=-]{40,46}={0,2}", "x{{b64u:40}}"),
            ("(?:sk|rk)_[a-z0-9]+", "sk_{{low:8}}"),
            ("[A-Z2-7]{16}", "{{b32:16}}"),
            ("k[ab]{3}", "kaba"),
            (r"(?i)[a-z0-9]{4}\d", "{{b62:4}}{{dec:1}}"),
            ("(?:[0-9]{4}-){2}", "{{dec:4}}-{{dec:4}}-"),
        ] {
            let hir = regex_syntax::ParserBuilder::new()
                .unicode(false)
                .utf8(false)
                .build()
                .parse(pattern)
                .unwrap();
            assert_eq!(template([&hir], 0), expected, "{pattern}");
        }
    }
}
