//! How examples are written when they are planted.

use std::ops::Range;

use veilgate_redact::Sample;

/// A way to write bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Raw,
    /// Inside a JSON string.
    Json,
    /// The same, every third byte as `\u00XX`.
    JsonEscapes,
    Percent,
    /// Every byte.
    PercentAll,
    PercentTwice,
    Base64,
    Base64Url,
    /// Base64 of base64.
    Base64Twice,
    Hex,
    Xml,
    /// Every third byte as an entity.
    XmlEscapes,
}

/// An example as it is written, and the part of that which is its credential.
pub fn encode(encoding: Encoding, sample: &Sample) -> (Vec<u8>, Vec<u8>) {
    let text = sample.text.as_bytes();
    let from = sample.text.find(&sample.secret).unwrap_or(0);
    let range = part(encoding, text, from..from + sample.secret.len());
    let written = encoded(encoding, text);
    let secret = written[range].to_vec();
    (written, secret)
}

/// Where a part of a text stands in the encoded text; in base64, its digits that are of nothing else.
fn part(encoding: Encoding, text: &[u8], range: Range<usize>) -> Range<usize> {
    match encoding {
        Encoding::Base64 | Encoding::Base64Url => (range.start * 4).div_ceil(3)..range.end * 4 / 3,
        Encoding::Base64Twice => {
            let once = part(Encoding::Base64, text, range);
            part(Encoding::Base64, &encoded(Encoding::Base64, text), once)
        }
        encoding => {
            encoded(encoding, &text[..range.start]).len()
                ..encoded(encoding, &text[..range.end]).len()
        }
    }
}

fn encoded(encoding: Encoding, bytes: &[u8]) -> Vec<u8> {
    let nth = |n: usize| n % 3 == 1;
    match encoding {
        Encoding::Raw => bytes.to_vec(),
        Encoding::Json => each(bytes, |_, byte| json(byte)),
        Encoding::JsonEscapes => each(bytes, |n, byte| {
            nth(n)
                .then(|| format!("\\u{byte:04x}"))
                .or_else(|| json(byte))
        }),
        Encoding::Percent => each(bytes, |_, byte| percent(byte)),
        Encoding::PercentAll => each(bytes, |_, byte| Some(format!("%{byte:02X}"))),
        Encoding::PercentTwice => encoded(Encoding::Percent, &encoded(Encoding::PercentAll, bytes)),
        Encoding::Base64 => base64(bytes),
        Encoding::Base64Url => digits(bytes, b"-_", false),
        Encoding::Base64Twice => encoded(Encoding::Base64, &encoded(Encoding::Base64, bytes)),
        Encoding::Hex => each(bytes, |_, byte| Some(format!("{byte:02x}"))),
        Encoding::Xml => each(bytes, |_, byte| xml(byte)),
        Encoding::XmlEscapes => each(bytes, |n, byte| {
            nth(n)
                .then(|| {
                    if n % 2 == 0 {
                        format!("&#{byte};")
                    } else {
                        format!("&#x{byte:x};")
                    }
                })
                .or_else(|| xml(byte))
        }),
    }
}

fn each(bytes: &[u8], encode: impl Fn(usize, u8) -> Option<String>) -> Vec<u8> {
    bytes
        .iter()
        .enumerate()
        .flat_map(|(n, byte)| encode(n, *byte).map_or_else(|| vec![*byte], String::into_bytes))
        .collect()
}

fn json(byte: u8) -> Option<String> {
    match byte {
        b'"' => Some("\\\"".to_owned()),
        b'\\' => Some("\\\\".to_owned()),
        b'\n' => Some("\\n".to_owned()),
        0..0x20 => Some(format!("\\u{byte:04x}")),
        _ => None,
    }
}

fn percent(byte: u8) -> Option<String> {
    let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (!plain).then(|| format!("%{byte:02X}"))
}

fn xml(byte: u8) -> Option<String> {
    match byte {
        b'<' => Some("&lt;".to_owned()),
        b'>' => Some("&gt;".to_owned()),
        b'&' => Some("&amp;".to_owned()),
        b'"' => Some("&quot;".to_owned()),
        _ => None,
    }
}

/// Padded base64 in the standard alphabet.
pub fn base64(bytes: &[u8]) -> Vec<u8> {
    digits(bytes, b"+/", true)
}

/// What base64 decodes to, which may be padded after each group; none if it is none.
pub fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for group in text.chunks(4) {
        let mut bits = 0;
        let length = group
            .iter()
            .position(|byte| *byte == b'=')
            .unwrap_or(group.len());
        for digit in group.get(..4)? {
            let value = match digit {
                b'A'..=b'Z' => digit - b'A',
                b'a'..=b'z' => digit - b'a' + 26,
                b'0'..=b'9' => digit - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                b'=' => 0,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        let [_, group_bytes @ ..] = bits.to_be_bytes();
        bytes.extend_from_slice(group_bytes.get(..length.checked_sub(1)?)?);
    }
    Some(bytes)
}

fn digits(bytes: &[u8], last: &[u8; 2], padded: bool) -> Vec<u8> {
    const FIRST: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let digit = |value: usize| {
        FIRST
            .get(value)
            .copied()
            .unwrap_or_else(|| last[value - 62])
    };
    let mut text = Vec::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, nth| {
            bits << 8 | usize::from(group.get(nth).copied().unwrap_or(0))
        });
        let digits = [18, 12, 6, 0].map(|shift| digit(bits >> shift & 63));
        text.extend_from_slice(&digits[..=group.len()]);
        if padded {
            text.extend(std::iter::repeat_n(b'=', 3 - group.len()));
        }
    }
    text
}
