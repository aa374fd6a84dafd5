//! The ways in which a value is written: as it is, in base64 and hexadecimal, and each of these in a URL, a form, a JSON string or XML.

use std::collections::BTreeSet;

/// One way in which a value is written: bytes that stand for it and for nothing else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Form {
    /// What is found, and masked as a whole.
    pub(crate) literal: Vec<u8>,
    /// Whether a digit of base64 behind it holds the value's last bits, and maybe some of what follows.
    pub(crate) has_rest: bool,
}

/// Every form of a value, sorted, each once: some dozens at most. Not for traffic.
///
/// Not among them: base64 in lines of 76 digits, encodings of encodings other than base64 or hexadecimal in a URL, JSON or XML, and escapes that no usual
/// encoder writes.
pub(crate) fn forms(value: &[u8]) -> Vec<Form> {
    let mut forms = BTreeSet::new();
    let mut encoded = vec![
        (value.to_vec(), false),
        (hex(value, b"0123456789abcdef"), false),
        (hex(value, b"0123456789ABCDEF"), false),
    ];
    for alphabet in [STANDARD, URL_SAFE] {
        encoded.extend((0..3).map(|before| base64(value, before, alphabet)));
    }
    for (text, has_rest) in encoded {
        let carried = [vec![text.clone()], json(&text), percent(&text), xml(&text)];
        for literal in carried.into_iter().flatten() {
            forms.insert(Form { literal, has_rest });
        }
    }
    forms.into_iter().collect()
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The digits that depend on the value alone when so many bytes, modulo three, stand before it, and whether one behind them holds the rest of it.
///
/// Up to four bits of the first byte are in the digit before, beside bits of what stands there: they stay.
fn base64(value: &[u8], before: usize, alphabet: &[u8; 64]) -> (Vec<u8>, bool) {
    let bits = 8 * before..8 * (before + value.len());
    let digits = bits.start.div_ceil(6)..bits.end / 6;
    let bit = |at: usize| {
        let at = at - bits.start;
        let byte = value.get(at / 8).copied().unwrap_or(0);
        usize::from(byte >> (7 - at % 8) & 1)
    };
    let text = digits
        .map(|digit| {
            let index = (6 * digit..6 * digit + 6).fold(0, |index, at| index << 1 | bit(at));
            alphabet.get(index).copied().unwrap_or(b'A')
        })
        .collect();
    (text, bits.end % 6 != 0)
}

fn hex(value: &[u8], alphabet: &[u8; 16]) -> Vec<u8> {
    value
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| alphabet.get(usize::from(digit)).copied())
        .collect()
}

/// As the contents of a JSON string, by encoders that differ in what they escape; and as JSON within JSON.
fn json(text: &[u8]) -> Vec<Vec<u8>> {
    let minimal = escaped(text, "", false, false);
    let nested = escaped(&minimal, "", false, false);
    vec![
        // PHP.
        escaped(text, "/", false, false),
        // Python.
        escaped(text, "", true, false),
        // PHP.
        escaped(text, "/", true, false),
        // Go.
        escaped(text, "<>&", false, false),
        // .NET.
        escaped(text, "\"<>&'+`", true, true),
        minimal,
        nested,
    ]
}

/// Escapes what JSON demands, these characters, and maybe all that is not ASCII; in capital digits or small ones.
fn escaped(text: &[u8], more: &str, ascii: bool, capitals: bool) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(text) else {
        return text.to_vec();
    };
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '/' if more.contains(c) => out.push_str("\\/"),
            c if more.contains(c) => units(c, capitals, &mut out),
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' || ascii && !c.is_ascii() => units(c, capitals, &mut out),
            c => out.push(c),
        }
    }
    out.into_bytes()
}

/// `\uXXXX`, once or as a pair of surrogates.
fn units(c: char, capitals: bool, out: &mut String) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        let digits = format!("{unit:04x}");
        out.push_str("\\u");
        out.push_str(&if capitals {
            digits.to_ascii_uppercase()
        } else {
            digits
        });
    }
}

/// As a part of a URL or form, by encoders that differ in what they leave as it is.
fn percent(text: &[u8]) -> Vec<Vec<u8>> {
    // RFC 3986's unreserved characters; encodeURIComponent; forms; path segments; queries; encodeURI.
    let plain = [
        "-_.~",
        "-_.~!*'()",
        "-_.*",
        "-_.~!$&'()*+,;=:@",
        "-_.~!$'()*,;:@/?",
        "-_.~!*'();/?:@&=+$,#",
    ];
    let mut found = Vec::new();
    for plain in plain {
        for digits in [b"0123456789ABCDEF", b"0123456789abcdef"] {
            let spaced = |plus: bool| -> Vec<u8> {
                text.iter()
                    .flat_map(|byte| match byte {
                        b' ' if plus => vec![b'+'],
                        byte if byte.is_ascii_alphanumeric() || plain.as_bytes().contains(byte) => {
                            vec![*byte]
                        }
                        byte => [&b"%"[..], &hex(&[*byte], digits)].concat(),
                    })
                    .collect()
            };
            found.extend([spaced(false), spaced(true)]);
        }
    }
    found
}

fn xml(text: &[u8]) -> Vec<Vec<u8>> {
    let escaped = |quotes: [&'static [u8]; 2]| -> Vec<u8> {
        text.iter()
            .flat_map(|byte| match (byte, quotes) {
                (b'&', _) => b"&amp;".to_vec(),
                (b'<', _) => b"&lt;".to_vec(),
                (b'>', _) => b"&gt;".to_vec(),
                (b'"', [double, _]) => double.to_vec(),
                (b'\'', [_, single]) => single.to_vec(),
                (byte, _) => vec![*byte],
            })
            .collect()
    };
    vec![
        escaped([b"\"", b"'"]),
        escaped([b"&quot;", b"'"]),
        escaped([b"&quot;", b"&#39;"]),
        escaped([b"&quot;", b"&#x27;"]),
        escaped([b"&quot;", b"&apos;"]),
        escaped([b"&#34;", b"&#39;"]),
    ]
}
