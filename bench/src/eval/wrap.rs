//! The same texts where traffic carries them, cut at random.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use veilgate_redact::Framing;

use super::row::Row;
use super::score::Engine;

/// A way to carry a text.
pub(crate) struct Wrap {
    pub(crate) name: &'static str,
    framing: fn() -> Framing,
    wrap: fn(&str) -> String,
    /// What a reader makes of it.
    read: fn(&[u8]) -> Vec<u8>,
    /// Whether a text with several lines fits in.
    lines: bool,
}

const fn plain(name: &'static str, wrap: fn(&str) -> String, lines: bool) -> Wrap {
    Wrap {
        name,
        framing: || Framing::Plain,
        wrap,
        read: <[u8]>::to_vec,
        lines,
    }
}

pub(crate) const WRAPS: [Wrap; 11] = [
    plain(
        "header",
        |text| format!("GET / HTTP/1.1\r\nX-Note: {text}\r\nAccept: */*\r\n\r\n"),
        false,
    ),
    plain(
        "cookie",
        |text| format!("Cookie: a=1; note={text}; b=2\r\n"),
        false,
    ),
    plain(
        "log line",
        |text| format!("2026-05-04T10:11:12Z INFO api: said {text} to 10.0.0.1\n"),
        true,
    ),
    Wrap {
        read: percent_decoded,
        ..plain(
            "query",
            |text| format!("/search?a=1&q={}&b=2", percent(text)),
            true,
        )
    },
    Wrap {
        read: percent_decoded,
        ..plain(
            "form",
            |text| format!("a=1&note={}&b=2", percent(text)),
            true,
        )
    },
    Wrap {
        read: json_decoded,
        ..plain(
            "json",
            |text| serde_json::json!({"id": 1, "note": text, "z": true}).to_string(),
            true,
        )
    },
    Wrap {
        framing: || Framing::Lines,
        read: json_decoded,
        ..plain(
            "ndjson",
            |text| {
                format!(
                    "{{\"n\":1}}\n{}\n{{\"n\":3}}\n",
                    serde_json::json!({"note": text})
                )
            },
            true,
        )
    },
    Wrap {
        framing: || Framing::Events,
        read: json_decoded,
        ..plain(
            "sse",
            |text| {
                format!(
                    "event: note\ndata: {}\n\n",
                    serde_json::json!({"note": text})
                )
            },
            true,
        )
    },
    Wrap {
        framing: || Framing::Multipart {
            boundary: b"edge".to_vec(),
            pass_opaque: false,
        },
        ..plain(
            "multipart",
            |text| {
                format!(
                    "--edge\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\n{text}\r\n--edge--\r\n"
                )
            },
            true,
        )
    },
    Wrap {
        read: base64_decoded,
        ..plain("base64", |text| STANDARD.encode(text), true)
    },
    Wrap {
        read: percent_decoded,
        ..plain("percent", percent, true)
    },
];

impl Wrap {
    /// Whether the secret is gone from what a reader sees, in any cuts; none where the row does not say.
    pub(crate) fn masks(&self, engine: &Engine, row: &Row) -> Option<bool> {
        if !self.lines && row.text.contains(['\r', '\n']) {
            return None;
        }
        let text = (self.wrap)(&row.text);
        let pieces = cut(text.as_bytes());
        let out = engine.redact((self.framing)(), &pieces).out;
        row.is_gone(&(self.read)(&out))
    }
}

/// Pieces of 1 to 64 bytes, the same ones in every run.
fn cut(mut text: &[u8]) -> Vec<&[u8]> {
    let mut seed = text.len() as u64 | 1;
    let mut pieces = Vec::new();
    while !text.is_empty() {
        let (piece, rest) = text.split_at(text.len().min(1 + next(&mut seed) % 64));
        pieces.push(piece);
        text = rest;
    }
    pieces
}

/// Numbers that look random.
fn next(seed: &mut u64) -> usize {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*seed >> 40).unwrap_or(0)
}

fn percent(text: &str) -> String {
    let written = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(written).collect()
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut read = Vec::new();
    let mut rest = text;
    while let [first, behind @ ..] = rest {
        let digits = behind
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits
            .filter(|_| *first == b'%')
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        read.push(byte.unwrap_or(*first));
        rest = if byte.is_some() {
            behind.get(2..).unwrap_or_default()
        } else {
            behind
        };
    }
    read
}

/// The strings called `note` in what is JSON; what is none, as it is.
fn json_decoded(text: &[u8]) -> Vec<u8> {
    let mut read = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.strip_prefix(b"data: ").unwrap_or(line);
        match serde_json::from_slice::<serde_json::Value>(line) {
            Ok(value) => {
                let note = value.get("note").and_then(serde_json::Value::as_str);
                read.extend(note.unwrap_or_default().bytes());
            }
            Err(_) => read.extend_from_slice(line),
        }
        read.push(b'\n');
    }
    read
}

fn base64_decoded(text: &[u8]) -> Vec<u8> {
    STANDARD.decode(text).unwrap_or_else(|_| text.to_vec())
}

/// A place in HTTP whose value is a credential.
pub(crate) struct Carrier {
    pub(crate) name: &'static str,
    write: fn(&str) -> Vec<String>,
}

pub(crate) const CARRIERS: [Carrier; 5] = [
    Carrier {
        name: "bearer",
        write: |value| {
            vec![
                format!("Authorization: Bearer {value}\r\n"),
                format!("{{\"headers\":{{\"authorization\":\"Bearer {value}\"}}}}"),
                format!("curl -H 'Authorization: Bearer {value}' https://api.example.com/"),
            ]
        },
    },
    Carrier {
        name: "basic",
        write: |value| {
            let value = STANDARD.encode(format!("user:{value}"));
            vec![
                format!("authorization: Basic {value}\r\n"),
                format!("\"Proxy-Authorization\": \"Basic {value}\""),
            ]
        },
    },
    Carrier {
        name: "cookie",
        write: |value| {
            vec![
                format!("Set-Cookie: session_token={value}; Path=/; HttpOnly\r\n"),
                format!("Cookie: theme=dark; access_token={value}\r\n"),
            ]
        },
    },
    Carrier {
        name: "URL userinfo",
        write: |value| {
            let value = percent(value);
            vec![
                format!("postgres://app:{value}@db.internal:5432/app"),
                format!("fetching https://ci:{value}@git.example.com/a.git"),
            ]
        },
    },
    Carrier {
        name: "form password",
        write: |value| {
            let value = percent(value);
            vec![
                format!("username=ann&password={value}&remember=1"),
                format!("grant_type=password&username=ann&password={value}"),
            ]
        },
    },
];

impl Carrier {
    /// Values of many lengths and alphabets in this place.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut seed = 7;
        let alphabets = [
            "0123456789abcdef",
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        ];
        let mut rows = Vec::new();
        for alphabet in alphabets.into_iter().cycle().take(200) {
            let length = 8 + next(&mut seed) % 56;
            let letter = |seed: &mut u64| alphabet.chars().nth(next(seed) % alphabet.len());
            let value: String = (0..length).filter_map(|_| letter(&mut seed)).collect();
            for text in (self.write)(&value) {
                let written = if text.contains(&value) {
                    value.clone()
                } else {
                    STANDARD.encode(format!("user:{value}"))
                };
                rows.push(Row {
                    rule_id: self.name.to_owned(),
                    text,
                    expect: "match".to_owned(),
                    secret: vec![written],
                    ..Row::default()
                });
            }
        }
        rows
    }
}
