//! From what was sent to the one thing that the server will make of it.
//!
//! The server decodes the path once, `%2F` included, and then splits it; it takes namespaces from a header that it cleans like a
//! file path, and from the beginning of the path. A request is accepted only when it cannot be read in a second way by anything
//! between us and the server: what the server would redirect, clean, or answer with an error is refused here. Legitimate clients send
//! none of it.

use std::borrow::Cow;

use super::refusal::RefusalReason as Reason;
use crate::request::Head;

/// Longest path, in bytes.
const LONGEST: usize = 4096;
/// Deepest path. Every prefix of a path becomes a folder, so their total length grows with the square of the depth.
const DEEPEST: usize = 64;

/// The kind of operation a request is, with every spelling of it folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Verb {
    Get,
    Head,
    Post,
    Patch,
    Delete,
    List,
    Scan,
}

/// A request in canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Canonical {
    pub(super) verb: Verb,
    /// Decoded segments of the whole path, namespace included when it was sent in the path.
    pub(super) segments: Vec<String>,
    /// Segments of the namespace header.
    pub(super) namespace: Vec<String>,
    /// The response will be wrapped, which means that it holds a token instead of values.
    pub(super) wrapped: bool,
}

/// Brings a request into canonical form, or says why it has none.
pub(super) fn canonical(head: &Head<'_>) -> Result<Canonical, Reason> {
    check_headers(head)?;
    let (path, query) = split_target(head.path)?;
    let (segments, trailing_slash) = segments(path)?;
    let verb = verb(head.method, query)?;
    if trailing_slash && !matches!(verb, Verb::List | Verb::Scan) {
        return Err(Reason::TrailingSlash);
    }
    Ok(Canonical {
        verb,
        segments,
        namespace: namespace(head)?,
        wrapped: wrapped(head)?,
    })
}

fn check_headers(head: &Head<'_>) -> Result<(), Reason> {
    const SINGLE: [&str; 4] = [
        "x-vault-token",
        "x-vault-namespace",
        "x-vault-wrap-ttl",
        "authorization",
    ];
    const OVERRIDES: [&str; 3] = [
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
    ];
    const INLINE_AUTH: &[u8] = b"x-vault-inline-auth";
    // A write that these headers accompany copies what another path, or a snapshot, holds.
    const RECOVER: &[u8] = b"x-vault-recover";
    let mut seen = [false; SINGLE.len()];
    for (name, _) in head.headers {
        if name
            .get(..INLINE_AUTH.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(INLINE_AUTH))
        {
            return Err(Reason::InlineAuth);
        }
        if name
            .get(..RECOVER.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(RECOVER))
        {
            return Err(Reason::Recover);
        }
        if OVERRIDES
            .iter()
            .any(|header| name.eq_ignore_ascii_case(header.as_bytes()))
        {
            return Err(Reason::MethodOverride);
        }
        for (header, seen) in SINGLE.iter().zip(&mut seen) {
            if name.eq_ignore_ascii_case(header.as_bytes()) && std::mem::replace(seen, true) {
                return Err(Reason::DuplicateHeader);
            }
        }
    }
    Ok(())
}

/// Path and query as text. Only visible ASCII comes over the wire unencoded.
fn split_target(target: &[u8]) -> Result<(&str, &str), Reason> {
    if target.first() != Some(&b'/') {
        return Err(Reason::NotOriginForm);
    }
    if target.iter().any(|byte| !byte.is_ascii_graphic()) {
        return Err(Reason::NotPrintable);
    }
    let target = std::str::from_utf8(target).map_err(|_| Reason::NotUtf8)?;
    if target.contains('#') {
        return Err(Reason::Fragment);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if path.len() > LONGEST {
        return Err(Reason::TooLong);
    }
    Ok((path, query))
}

/// Decoded segments, and whether a slash followed them.
fn segments(path: &str) -> Result<(Vec<String>, bool), Reason> {
    let decoded = decode(path, false)?;
    let refused = decoded.chars().find_map(|character| match character {
        '%' => Some(Reason::DoubleEncoding),
        '?' | '#' => Some(Reason::EncodedDelimiter),
        '\\' => Some(Reason::Backslash),
        ';' => Some(Reason::Semicolon),
        character if !is_printable(character) => Some(Reason::NotPrintable),
        _ => None,
    });
    if let Some(reason) = refused {
        return Err(reason);
    }
    let body = decoded.strip_prefix('/').ok_or(Reason::NotOriginForm)?;
    let (body, trailing_slash) = match body.strip_suffix('/') {
        Some(body) => (body, true),
        None => (body, false),
    };
    let segments: Vec<String> = if body.is_empty() {
        Vec::new()
    } else {
        body.split('/').map(str::to_owned).collect()
    };
    if segments.len() > DEEPEST {
        return Err(Reason::TooLong);
    }
    for segment in &segments {
        check_segment(segment)?;
    }
    Ok((segments, trailing_slash))
}

fn check_segment(segment: &str) -> Result<(), Reason> {
    match segment {
        "" => Err(Reason::EmptySegment),
        "." | ".." => Err(Reason::DotSegment),
        _ => Ok(()),
    }
}

/// Whether a character is visible and has one meaning: no control, format, bidirectional or exotic space character.
fn is_printable(character: char) -> bool {
    let odd_space = character.is_whitespace() && character != ' ';
    let invisible = matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{ffff}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{10ffff}');
    !character.is_control() && !odd_space && !invisible
}

fn decode(text: &str, plus_is_space: bool) -> Result<Cow<'_, str>, Reason> {
    let is_encoded = text.contains('%') || (plus_is_space && text.contains('+'));
    if !is_encoded {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let high = bytes
                    .next()
                    .and_then(hex_digit)
                    .ok_or(Reason::BadEncoding)?;
                let low = bytes
                    .next()
                    .and_then(hex_digit)
                    .ok_or(Reason::BadEncoding)?;
                high << 4 | low
            }
            b'+' if plus_is_space => b' ',
            byte => byte,
        });
    }
    String::from_utf8(decoded)
        .map(Cow::Owned)
        .map_err(|_| Reason::NotUtf8)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// Folds the spellings of a method: PUT is POST, and a GET that asks for a listing is one.
fn verb(method: &[u8], query: &str) -> Result<Verb, Reason> {
    let flags = Flags::read(query)?;
    if flags.help || method == b"HELP" {
        return Err(Reason::Help);
    }
    match method {
        b"GET" => match (flags.list, flags.scan) {
            (false, false) => Ok(Verb::Get),
            (true, false) => Ok(Verb::List),
            (false, true) => Ok(Verb::Scan),
            (true, true) => Err(Reason::AmbiguousQuery),
        },
        b"HEAD" => Ok(Verb::Head),
        b"POST" | b"PUT" => Ok(Verb::Post),
        b"PATCH" => Ok(Verb::Patch),
        b"DELETE" => Ok(Verb::Delete),
        b"LIST" => Ok(Verb::List),
        b"SCAN" => Ok(Verb::Scan),
        _ => Err(Reason::UnknownMethod),
    }
}

/// The query parameters that change what a request is. Of duplicates the server takes the first.
#[derive(Default)]
struct Flags {
    list: bool,
    scan: bool,
    help: bool,
}

impl Flags {
    fn read(query: &str) -> Result<Self, Reason> {
        if query.contains(';') {
            return Err(Reason::Semicolon);
        }
        let mut flags = Self::default();
        let mut seen = (false, false);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name, true)?, decode(value, true)?);
            match &*name {
                "list" if !std::mem::replace(&mut seen.0, true) => flags.list = truth(&value)?,
                "scan" if !std::mem::replace(&mut seen.1, true) => flags.scan = truth(&value)?,
                "help" => flags.help = true,
                "read_snapshot_id" | "recover_snapshot_id" => return Err(Reason::Recover),
                _ => {}
            }
        }
        Ok(flags)
    }
}

/// The truth values of Go's `strconv.ParseBool`; an absent value is false.
fn truth(value: &str) -> Result<bool, Reason> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "" | "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(Reason::AmbiguousQuery),
    }
}

/// The namespace header's segments. The server cleans this header like a file path, so only a clean one means the same to everybody:
/// `team1/..` would reach the root.
fn namespace(head: &Head<'_>) -> Result<Vec<String>, Reason> {
    let Some(value) = head.values("x-vault-namespace").next() else {
        return Ok(Vec::new());
    };
    let value = std::str::from_utf8(value).map_err(|_| Reason::NamespaceNotCanonical)?;
    if value.is_empty() || value == "root" {
        return Ok(Vec::new());
    }
    let value = value.strip_suffix('/').unwrap_or(value);
    let segments: Vec<String> = value.split('/').map(str::to_owned).collect();
    let plain = |segment: &String| {
        check_segment(segment).is_ok()
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~@:+ ".contains(&byte))
    };
    let spaced = value.starts_with(' ') || value.ends_with(' ');
    if value.len() > LONGEST
        || segments.len() > DEEPEST
        || spaced
        || !segments.iter().all(plain)
        || value == "root"
    {
        return Err(Reason::NamespaceNotCanonical);
    }
    Ok(segments)
}

fn wrapped(head: &Head<'_>) -> Result<bool, Reason> {
    let Some(value) = head.values("x-vault-wrap-ttl").next() else {
        return Ok(false);
    };
    if !value
        .iter()
        .all(|byte| byte.is_ascii_digit() || b"smhd".contains(byte))
    {
        return Err(Reason::WrapTtl);
    }
    Ok(value.iter().any(|byte| matches!(byte, b'1'..=b'9')))
}

#[cfg(test)]
mod tests;
