use super::classes::{Classes, classify, digits, end_of_host, escapes, heads, slash_or_colon};
use super::lane::{Lane, Scalar, Usual};
use super::*;
use crate::RuleSet;
use crate::scan::encoded::{Codec, is_text};

/// Bytes that meet each other in every order, with all 256 values.
fn texts() -> Vec<Vec<u8>> {
    let telling = b"aZ09::\\%#//@[`{gG_-. \n\x00\x7f\x80\xff";
    let mut seed = 1u64;
    (0..64)
        .map(|nth| {
            (0..64 + nth * 7)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let pick = (seed >> 33) as usize;
                    if pick.is_multiple_of(5) {
                        (pick >> 8) as u8
                    } else {
                        telling[pick % telling.len()]
                    }
                })
                .collect()
        })
        .collect()
}

#[test]
fn vectors_and_their_twin_classify_alike() {
    for text in texts() {
        let block: &Block = &std::array::from_fn(|at| text[at % text.len()]);
        let (before, rest) = block.split_at(BEFORE);
        let expected = |holds: &dyn Fn(usize) -> bool| {
            let places = (0..BLOCK).rev();
            places.fold(0u64, |bits, at| bits << 1 | u64::from(holds(at)))
        };
        let byte = |at: usize| rest[at];
        assert_eq!(before.len(), BEFORE);
        let escape = expected(&|at| matches!(byte(at), b'\\' | b'%' | b'#'));
        let classes = Classes {
            word: expected(&|at| byte(at).is_ascii_alphanumeric()),
            upper: expected(&|at| byte(at).is_ascii_uppercase()),
            head: expected(&|at| byte(at).is_ascii_alphabetic() || byte(at) == b'9'),
            slash: expected(&|at| byte(at) == b'/'),
            has_escapes: escape != 0,
        };
        let head = expected(&|at| byte(at).is_ascii_uppercase() || matches!(byte(at), b'a'..=b'f'));
        let digit = expected(&|at| byte(at).is_ascii_digit());
        let expected = (classes, escape, digit, head);
        assert_eq!(all_of::<Usual>(block), expected);
        assert_eq!(all_of::<Scalar>(block), expected);
        #[cfg(target_arch = "x86_64")]
        if lane::Widely::on_this_processor().is_some() {
            assert_eq!(all_of::<Wide>(block), expected);
        }
        let next = |at: usize| {
            rest[at..]
                .iter()
                .find(|it| matches!(it, b'/' | b':'))
                .copied()
        };
        for at in 0..BLOCK {
            let near = slash_or_colon::<Usual>(block, at);
            assert!(near.is_none() || near == next(at));
            let near = slash_or_colon::<Scalar>(block, at);
            assert!(near.is_none() || near == next(at));
            let host = |it: &u8| !it.is_ascii_alphanumeric() && !matches!(it, b'.' | b'-');
            let end = rest[at..].iter().copied().find(host);
            for near in [
                end_of_host::<Usual>(block, at),
                end_of_host::<Scalar>(block, at),
            ] {
                assert!(near.is_none() || near == end);
            }
        }
    }
}

fn all_of<L: Lane>(block: &Block) -> (Classes, u64, u64, u64) {
    let bytes = block[BEFORE..].first_chunk().unwrap();
    (
        classify::<L>(block, b'9'),
        escapes::<L>(block),
        digits::<L>(bytes),
        heads::<L>(bytes),
    )
}

fn is_start(text: &[u8], at: usize) -> bool {
    let byte = text[at];
    let before = at.checked_sub(1).map(|at| text[at]);
    let escape = [2, 3, 6].iter().any(|by| {
        at.checked_sub(*by)
            .is_some_and(|at| matches!(text[at], b'\\' | b'%' | b'#'))
    });
    byte.is_ascii_alphanumeric() && (escape || before.is_none_or(|it| !it.is_ascii_alphanumeric()))
        || byte.is_ascii_uppercase() && before.is_none_or(|it| !it.is_ascii_uppercase())
}

fn is_special(text: &[u8], at: usize) -> bool {
    text[..at].ends_with(b"://") && password_may_follow(&text[at..]) || text[..at].ends_with(b"1//")
}

fn password_may_follow(rest: &[u8]) -> bool {
    let delimiter = rest.iter().find(|byte| matches!(byte, b':' | b'/'));
    let end = rest
        .iter()
        .find(|byte| !byte.is_ascii_alphanumeric() && !matches!(byte, b'.' | b'-'));
    delimiter != Some(&b'/') && !matches!(end, Some(b'/' | b'"'))
}

/// A number that no anchor of the shipped rules starts like.
fn is_other_number(text: &[u8], at: usize) -> bool {
    text[at].is_ascii_digit() && text[at] != b'0'
}

#[test]
fn every_admitted_word_is_found_from_any_place() {
    let rules = RuleSet::builtin().unwrap();
    let index = &rules.index;
    assert_eq!(index.numbers(), Numbers::Only(b'0'));
    for mut text in texts() {
        text.extend_from_slice(
            b" https://a@b :AAx ghp_ password 1//0a \\u000aglpat-%0Ahvs.\\nxoxb-",
        );
        let admitted = |at: usize| {
            let eight = word(&text[at..]);
            index.filter().admits(eight as u32) && index.may_hold(eight)
        };
        let expected = |from: usize, to: usize, every: bool| -> Vec<usize> {
            (from..to)
                .filter(|at| {
                    let start = if every {
                        text[*at].is_ascii_alphanumeric()
                    } else {
                        is_start(&text, *at)
                    };
                    is_special(&text, *at) || start && admitted(*at)
                })
                .collect()
        };
        let mut starts = Starts::new();
        for from in [0, 1, 5, 6, 7, 63, 64, text.len() - 9, text.len()] {
            for to in [from, from + 1, from + 64, text.len()] {
                let to = to.clamp(from, text.len());
                for every in [false, true] {
                    let (mut found, mut next) = (Vec::new(), from);
                    while next < to {
                        next = starts.find(&text, next, to, every, index);
                        found.extend(starts.iter().map(|(at, _)| at));
                    }
                    // The end of a block hides where a host ends: one place more costs only time.
                    let mut expected = expected(from, to, every);
                    found.retain(|at| expected.contains(at) || !text[..*at].ends_with(b"://"));
                    if !every {
                        let is_other =
                            |at: &usize| is_other_number(&text, *at) && !is_special(&text, *at);
                        found.retain(|at| !is_other(at));
                        expected.retain(|at| !is_other(at));
                    }
                    assert_eq!(found, expected, "{from}..{to}");
                }
            }
        }
    }
}

/// Base64 and hexadecimal of what is text and of what is not, in pieces that start anywhere in a block.
#[test]
fn only_digits_of_text_are_places_and_each_of_them_is() {
    let rules = RuleSet::builtin().unwrap();
    let mut seed = 7u64;
    let mut text = Vec::new();
    while text.len() < 4000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let pick = (seed >> 33) as usize;
        let bytes: Vec<u8> = (0..pick % 60)
            .map(|nth| (seed >> (nth % 40)) as u8 & if pick & 64 == 0 { 0xff } else { 0x3f } | 0x20)
            .collect();
        match pick >> 7 & 3 {
            0 => text.extend(bytes.iter().flat_map(|it| format!("{it:02x}").into_bytes())),
            1 => text.push(b' '),
            _ => text.extend(crate::base64::encode(&bytes)),
        }
    }
    let words = |from: usize, length: usize| {
        let digits = text.get(from..from + length);
        digits.filter(|it| it.iter().all(u8::is_ascii_alphanumeric))
    };
    let expected: Vec<(usize, bool)> = (0..text.len())
        .flat_map(|at| {
            let base64 = words(at, BASE64).is_some_and(|digits| {
                let mut groups = digits.chunks(4);
                groups.all(|it| {
                    is_text(Codec::Base64, it) && matches!(it[0], b'A'..=b'Z' | b'a'..=b'f')
                })
            });
            let hex = words(at, HEX).is_some_and(|digits| {
                let mut groups = digits.chunks(2);
                groups.all(|it| is_text(Codec::Hex, it) && it[0].is_ascii_digit())
            });
            [(base64, false), (hex, true)]
                .into_iter()
                .filter_map(move |(holds, is_hex)| holds.then_some((at, is_hex)))
        })
        .collect();
    let (mut starts, mut at, mut found) = (Starts::new(), 0, Vec::new());
    while at < text.len() {
        at = starts.find(&text, at, text.len(), false, &rules.index);
        found.extend(starts.encoded.iter());
    }
    // Where a search goes on it looks back, and says again what it sees there.
    found.sort_unstable();
    found.dedup();
    assert!(expected.len() > 50);
    assert_eq!(found, expected);
}
