//! The ways in which a value is written on the wire, written out here once more so that the engine is not tested by itself.

/// The value in an encoding, such as `base64` or `field:2`; none if there is no such encoding.
pub(super) fn apply(encoder: &str, value: &[u8]) -> Option<Vec<u8>> {
    let (name, argument) = encoder.split_once(':').unwrap_or((encoder, ""));
    let number = || argument.parse::<usize>().ok();
    Some(match name {
        "base64" => base64(value, STANDARD, true),
        "base64-bare" => base64(value, STANDARD, false),
        "base64url" => base64(value, URL, false),
        "base64url-padded" => base64(value, URL, true),
        "hex" => each(value, |byte| Some(format!("{byte:02x}"))),
        "HEX" => each(value, |byte| Some(format!("{byte:02X}"))),
        "unhex" => unhex(value)?,
        "percent" => each(value, |byte| {
            let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            (!plain).then(|| format!("%{byte:02X}"))
        }),
        "percent-all" => each(value, |byte| Some(format!("%{byte:02x}"))),
        "form" => each(value, |byte| {
            let plain = byte.is_ascii_alphanumeric() || b"-._*".contains(&byte);
            match byte {
                b' ' => Some("+".to_owned()),
                _ => (!plain).then(|| format!("%{byte:02X}")),
            }
        }),
        "json" => each(value, json),
        "json-slash" => each(value, |byte| match byte {
            b'/' => Some("\\/".to_owned()),
            _ => json(byte),
        }),
        "json-all" => each(value, |byte| Some(format!("\\u{byte:04x}"))),
        "xml" => each(value, |byte| {
            let name = match byte {
                b'<' => "lt",
                b'>' => "gt",
                b'&' => "amp",
                b'"' => "quot",
                b'\'' => "apos",
                _ => return None,
            };
            Some(format!("&{name};"))
        }),
        "xml-dec" => each(value, |byte| Some(format!("&#{byte};"))),
        "xml-hex" => each(value, |byte| Some(format!("&#x{byte:x};"))),
        // Lines of so many bytes, as in MIME.
        "wrap" => value
            .chunks(number()?.max(1))
            .collect::<Vec<_>>()
            .join(&b'\n'),
        "crlf" => each(value, |byte| (byte == b'\n').then(|| "\r\n".to_owned())),
        "repeat" => value.repeat(number()?),
        "first" => value.get(..number()?)?.to_vec(),
        "from" => value.get(number()?..)?.to_vec(),
        "stars" => vec![b'*'; value.len()],
        // A Protocol Buffers field with a length.
        "field" => {
            let tag = u8::try_from(number()? << 3 | 2).ok()?;
            [&[tag], varint(value.len()).as_slice(), value].concat()
        }
        // A gRPC frame; the argument is its flags, in hexadecimal.
        "frame" => {
            let flags = u8::from_str_radix(if argument.is_empty() { "0" } else { argument }, 16);
            let length = u32::try_from(value.len()).ok()?.to_be_bytes();
            [&[flags.ok()?], length.as_slice(), value].concat()
        }
        _ => return None,
    })
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Each byte as the text it is encoded as, or as it is.
fn each(value: &[u8], encode: impl Fn(u8) -> Option<String>) -> Vec<u8> {
    value
        .iter()
        .flat_map(|byte| encode(*byte).map_or_else(|| vec![*byte], String::into_bytes))
        .collect()
}

fn base64(value: &[u8], alphabet: &[u8; 64], padded: bool) -> Vec<u8> {
    let mut text = Vec::new();
    for group in value.chunks(3) {
        let bits = (0..3).fold(0, |bits, nth| {
            bits << 8 | usize::from(group.get(nth).copied().unwrap_or(0))
        });
        let digits = [18, 12, 6, 0].map(|shift| alphabet.get(bits >> shift & 63).copied());
        text.extend(digits.into_iter().flatten().take(group.len() + 1));
        if padded {
            text.extend(std::iter::repeat_n(b'=', 3 - group.len()));
        }
    }
    text
}

fn unhex(value: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(value).ok()?;
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).ok())
        .collect()
}

fn json(byte: u8) -> Option<String> {
    Some(match byte {
        b'"' => "\\\"".to_owned(),
        b'\\' => "\\\\".to_owned(),
        b'\n' => "\\n".to_owned(),
        b'\r' => "\\r".to_owned(),
        b'\t' => "\\t".to_owned(),
        0..0x20 => format!("\\u{byte:04x}"),
        _ => return None,
    })
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        bytes.push(if number == 0 { low } else { low | 0x80 });
        if number == 0 {
            return bytes;
        }
    }
}
