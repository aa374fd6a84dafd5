//! Which service a request goes to.

use super::Match;
use crate::request::{Facts, Head};

/// How often a path may be percent-encoded before its reading is given up.
const MOST_ENCODINGS: usize = 4;

/// A compiled [`Match`].
#[derive(Debug)]
pub(super) struct Matcher {
    wanted: Match,
}

impl Matcher {
    pub(super) fn new(wanted: &Match) -> Result<Self, String> {
        let mut wanted = wanted.clone();
        for authority in &mut wanted.authority {
            *authority = normal_host(authority);
            if authority.is_empty() || authority.trim_start_matches("*.").contains('*') {
                return Err(format!(
                    "`{authority}` in `match.authority` is not a host name; `*.` may stand before one"
                ));
            }
        }
        if !wanted.path_prefix.is_empty() && !wanted.path_prefix.starts_with('/') {
            return Err(format!(
                "`match.path_prefix` is `{}`, but paths begin with a slash",
                wanted.path_prefix
            ));
        }
        Ok(Self { wanted })
    }

    pub(super) fn matches(&self, head: &Head<'_>, facts: &Facts) -> bool {
        is_one_of(&self.wanted.route, facts.route.as_deref())
            && is_one_of(&self.wanted.cluster, facts.cluster.as_deref())
            && is_one_of(&self.wanted.virtual_host, facts.virtual_host.as_deref())
            && self.authority(head.authority)
            && self.path(head.path)
    }

    fn authority(&self, authority: &[u8]) -> bool {
        if self.wanted.authority.is_empty() {
            return true;
        }
        let authority = normal_host(&String::from_utf8_lossy(authority));
        let without_port = strip_port(&authority);
        let fits = |host: &str, pattern: &str| match pattern.strip_prefix('*') {
            Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
            None => host == pattern,
        };
        self.wanted
            .authority
            .iter()
            .any(|pattern| fits(&authority, pattern) || fits(without_port, pattern))
    }

    /// Whether any server or proxy could read the path as one below the prefix. Matching loosely keeps odd spellings inside the guard, where
    /// they are refused; matching strictly would let them pass for ordinary traffic.
    fn path(&self, path: &[u8]) -> bool {
        let prefix = self
            .wanted
            .path_prefix
            .trim_end_matches('/')
            .to_ascii_lowercase();
        prefix.is_empty()
            || loose_readings(path)
                .is_none_or(|readings| readings.iter().any(|reading| is_below(reading, &prefix)))
    }
}

fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A path in lower case, decoded to the end, without parameters and empty segments: once with dot segments dropped and once with them resolved. `None` when it is
/// encoded over and over, which nobody does in good faith and which would take long to undo.
fn loose_readings(target: &[u8]) -> Option<[String; 2]> {
    let mut path = target
        .split(|byte| matches!(byte, b'?' | b'#'))
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    for round in 0..=MOST_ENCODINGS {
        let Some(decoded) = decode_where_possible(&path) else {
            break;
        };
        if round == MOST_ENCODINGS {
            return None;
        }
        path = decoded;
    }
    let text = String::from_utf8_lossy(&path).replace('\\', "/");
    // The absolute form names a host before the path.
    let text = text.split_once("://").map_or(text.as_str(), |(_, rest)| {
        rest.find('/')
            .and_then(|start| rest.get(start..))
            .unwrap_or("/")
    });
    let (mut dropped, mut resolved) = (Vec::new(), Vec::new());
    for segment in text.split('/') {
        let segment = segment.split(';').next().unwrap_or_default();
        match segment {
            "" | "." => {}
            ".." => drop(resolved.pop()),
            _ => {
                dropped.push(segment);
                resolved.push(segment);
            }
        }
    }
    Some([
        format!("/{}", dropped.join("/")),
        format!("/{}", resolved.join("/")),
    ])
}

/// One round of percent-decoding; `None` when there is nothing to decode.
fn decode_where_possible(path: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    };
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, after)) = rest.split_first() {
        if let [b'%', high, low, after @ ..] = rest
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            decoded.push((high << 4 | low).to_ascii_lowercase());
            rest = after;
        } else {
            decoded.push(byte);
            rest = after;
        }
    }
    (decoded.len() < path.len()).then_some(decoded)
}

fn is_one_of(wanted: &[String], found: Option<&[u8]>) -> bool {
    wanted.is_empty()
        || found.is_some_and(|found| wanted.iter().any(|name| name.as_bytes() == found))
}

/// Lower case, without default port and trailing dot.
fn normal_host(host: &str) -> String {
    let host = host.trim().to_ascii_lowercase();
    let host = host
        .strip_suffix(":443")
        .or_else(|| host.strip_suffix(":80"))
        .unwrap_or(&host);
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => {
            format!("{}:{port}", name.trim_end_matches('.'))
        }
        _ => host.trim_end_matches('.').to_owned(),
    }
}

fn strip_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if !port.contains(']') && port.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            name
        }
        _ => host,
    }
}
