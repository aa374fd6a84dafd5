use super::*;
use crate::RuleSet;

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
        let block: &[u8; BLOCK + AHEAD] = &std::array::from_fn(|at| text[at % text.len()]);
        let expected = |holds: fn(u8) -> bool| {
            block[..BLOCK]
                .iter()
                .rev()
                .fold(0u64, |bits, byte| bits << 1 | u64::from(holds(*byte)))
        };
        let slow = Classes {
            word: expected(|byte| byte.is_ascii_alphanumeric()),
            upper: expected(|byte| byte.is_ascii_uppercase()),
            head: expected(|byte| byte.is_ascii_uppercase() || matches!(byte, b'a'..=b'f')),
            escape: expected(|byte| matches!(byte, b'\\' | b'%' | b'#')),
            colon: expected(|byte| byte == b':'),
            slash: expected(|byte| byte == b'/'),
        };
        assert_eq!(classify(block), slow);
        assert_eq!(scalar::classify(block), slow);
    }
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
    text[..at].ends_with(b"://") && password_may_follow(&text[at..])
        || text[..at].ends_with(b":") && text[at].is_ascii_uppercase()
}

fn password_may_follow(rest: &[u8]) -> bool {
    let delimiter = rest.iter().find(|byte| matches!(byte, b':' | b'/'));
    let end = rest.iter().find(|byte| !is_host(**byte));
    delimiter != Some(&b'/') && !matches!(end, Some(b'/' | b'"'))
}

#[test]
fn every_admitted_word_is_found_from_any_place() {
    let rules = RuleSet::builtin().unwrap();
    let filter = rules.index.filter();
    for mut text in texts() {
        text.extend_from_slice(b" https://a@b :AAx ghp_ password \\u000aglpat-%0Ahvs.\\nxoxb-");
        let expected = |from: usize, to: usize, every: bool| -> Vec<usize> {
            (from..to)
                .filter(|at| {
                    let start = if every {
                        text[*at].is_ascii_alphanumeric()
                    } else {
                        is_start(&text, *at)
                    };
                    let mut four = [0; 4];
                    four.iter_mut()
                        .zip(&text[*at..])
                        .for_each(|(to, from)| *to = *from);
                    is_special(&text, *at) || start && filter.admits(u32::from_le_bytes(four))
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
                        next = starts.find(&text, next, to, every, filter);
                        found.extend(starts.iter().map(|(at, _)| at));
                    }
                    // The end of a block hides where a host ends: one place more costs only time.
                    let expected = expected(from, to, every);
                    found.retain(|at| expected.contains(at) || !text[..*at].ends_with(b"://"));
                    assert_eq!(found, expected, "{from}..{to}");
                }
            }
        }
    }
}
