//! Texts that nobody sends by accident: they ask of the engine as much work as a byte can.

use std::fmt::Write as _;

use super::random::Random;

/// One piece of text, again and again: an anchor of some rule, or what looks like one.
pub(crate) const REPEATED: &[(&str, &str)] = &[
    ("q_glpat", "glpat-"),
    ("q_key", "key = "),
    ("q_token", "token : "),
    ("q_eyj", "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9."),
    ("q_jwt", "eyJhbGciOi"),
    ("q_pem", "-----BEGIN RSA PRIVATE KEY-----\n"),
    ("q_secret", "secret_token_api_"),
    ("q_pypi", "pypi-AgEIcHlwaS5vcmc"),
    ("q_upper", "aA"),
    ("q_url", "://a:b"),
    ("q_quote", "\"password\":\""),
    ("q_ops", "ops_eyJ"),
];

/// Lines of 40 KB, each of which starts one byte further into the piece: whether the first of them counts as a word decides about all others.
pub(crate) fn repeated(piece: &str, length: usize) -> Vec<u8> {
    const LINE: usize = 40_000;
    let mut text = Vec::with_capacity(length + LINE);
    for start in 0..=length / LINE {
        text.extend(piece.bytes().cycle().skip(start).take(LINE));
        text.push(b'\n');
    }
    text.truncate(length);
    text
}

const KEYWORDS: &[&str] = &[
    "key",
    "token",
    "secret",
    "auth",
    "password",
    "api_key",
    "access_token",
    "client_secret",
    "credential",
    "private_key",
    "bearer",
    "passwd",
    "authorization",
    "aws_secret_access_key",
    "x-api-key",
];

/// Several telling words on every line, and values too short to tell.
pub(crate) fn keywords(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut text = String::new();
    while text.len() < length {
        for _ in 0..random.within(2, 6) {
            let _infallible = write!(
                text,
                "{}{}{} ",
                random.one(KEYWORDS),
                random.one(&["=", ": ", " := ", "\":\"", " ", " is "]),
                random.word(),
            );
        }
        text.push('\n');
    }
    text.truncate(length);
    text.into_bytes()
}

/// The same words without anything between them.
pub(crate) fn dense(seed: u64, length: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut text = String::new();
    while text.len() < length {
        text.push_str(random.one(&["key", "token", "secret", "auth", "password", "api"]));
    }
    text.truncate(length);
    text.into_bytes()
}

/// Walls of escapes, 4 KB each: percent, JSON, XML.
pub(crate) fn escapes(seed: u64, length: usize) -> Vec<u8> {
    const WALL: usize = 4_000;
    let mut random = Random::new(seed);
    let mut text = String::new();
    while text.len() < length {
        let style = random.within(0, 3);
        let end = text.len() + WALL;
        while text.len() < end {
            let letter =
                random.one(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
            let _infallible = match style {
                0 => write!(text, "%{letter:02X}"),
                1 => write!(text, "\\u{letter:04x}"),
                _ => write!(text, "&#x{letter:x};"),
            };
        }
        text.push('\n');
    }
    text.truncate(length);
    text.into_bytes()
}
