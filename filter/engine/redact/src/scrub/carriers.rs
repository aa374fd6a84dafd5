//! The names under which credentials travel: `policies/carriers.toml`, compiled.

use std::ops::Range;

use serde::Deserialize;

use crate::rules::{FieldEntry, FieldNames, parse};
use crate::{Confidence, RuleError, RuleId};

use super::names::{Folded, Names};
use super::span::Span;

/// All carriers. Names are kept in the form in which they are compared.
pub(crate) struct Carriers {
    headers: Names<Role>,
    cookies: Names<Carrier>,
    cookie_words: Vec<Word>,
    queries: Names<Carrier>,
    files: Vec<(String, Carrier)>,
    schemes: Names<Scheme>,
    exclude: Names<()>,
    /// Names in bodies.
    pub(crate) fields: FieldNames,
    pub(super) authorization: Carrier,
    pub(super) userinfo: Carrier,
    hidden_cookie: Carrier,
}

/// What a value under a name is.
#[derive(Clone)]
pub(crate) struct Carrier {
    kind: String,
    category: String,
}

/// What gives a name away wherever in it it stands.
struct Word {
    text: Box<[u8]>,
    letters: u64,
    carrier: Carrier,
}

/// An authentication scheme.
#[derive(Clone)]
pub(super) struct Scheme {
    pub(super) carrier: Carrier,
    /// The parameters that are secret; all of the rest if none.
    pub(super) parameters: Vec<String>,
}

/// What a header's value is.
pub(super) enum Role {
    Authorization,
    Cookie,
    SetCookie,
    Url,
    Secret(Carrier),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CarrierFile {
    #[serde(default)]
    authorization_headers: Vec<String>,
    #[serde(default)]
    url_headers: Vec<String>,
    #[serde(default)]
    exclude: Vec<String>,
    #[serde(default)]
    header: Vec<NamesEntry>,
    #[serde(default)]
    cookie: Vec<NamesEntry>,
    #[serde(default)]
    query: Vec<NamesEntry>,
    #[serde(default)]
    file: Vec<NamesEntry>,
    #[serde(default)]
    scheme: Vec<SchemeEntry>,
    #[serde(default)]
    field: Vec<FieldEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamesEntry {
    kind: String,
    category: String,
    names: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SchemeEntry {
    kind: String,
    category: String,
    names: Vec<String>,
    #[serde(default)]
    parameters: Vec<String>,
}

impl Default for Carriers {
    fn default() -> Self {
        let mut headers = Names::default();
        headers.insert(b"cookie", Role::Cookie);
        headers.insert(b"set-cookie", Role::SetCookie);
        Self {
            headers,
            cookies: Names::default(),
            cookie_words: Vec::new(),
            queries: Names::default(),
            files: Vec::new(),
            schemes: Names::default(),
            exclude: Names::default(),
            fields: FieldNames::default(),
            authorization: Carrier::new("authorization", "http-auth"),
            userinfo: Carrier::new("url-password", "password"),
            hidden_cookie: Carrier::new("cookie", "http-auth"),
        }
    }
}

impl Carriers {
    pub(crate) fn add(&mut self, file: &str, text: &str) -> Result<(), RuleError> {
        let parsed: CarrierFile = parse(file, text)?;
        for (name, carrier) in parsed.header.into_iter().flat_map(NamesEntry::carriers) {
            self.set_role(&name, Role::Secret(carrier));
        }
        for name in parsed.url_headers {
            self.set_role(&name, Role::Url);
        }
        for name in parsed.authorization_headers {
            self.set_role(&name, Role::Authorization);
        }
        for entry in parsed.cookie {
            let carrier = Carrier::new(&entry.kind, &entry.category);
            let word = |word: &String| Word {
                text: lower(word).into(),
                letters: letters(&lower(word)),
                carrier: carrier.clone(),
            };
            self.cookie_words.extend(entry.words.iter().map(word));
            for (name, carrier) in entry.carriers() {
                self.cookies.insert(&lower(&name), carrier);
            }
        }
        for (name, carrier) in parsed.query.into_iter().flat_map(NamesEntry::carriers) {
            self.queries.insert(&plain(&name), carrier);
        }
        for (name, carrier) in parsed.file.into_iter().flat_map(NamesEntry::carriers) {
            self.files.push((name.to_ascii_lowercase(), carrier));
        }
        for entry in parsed.scheme {
            let scheme = Scheme {
                carrier: Carrier::new(&entry.kind, &entry.category),
                parameters: entry.parameters,
            };
            for name in entry.names {
                self.schemes.insert(&lower(&name), scheme.clone());
            }
        }
        for name in parsed.exclude {
            self.exclude.insert(&plain(&name), ());
            self.fields.exclude(&name);
        }
        for entry in parsed.field {
            self.fields.add(file, entry)?;
        }
        Ok(())
    }

    /// What is known of a header's shape counts for more than that it is secret.
    fn set_role(&mut self, name: &str, role: Role) {
        let name = lower(name);
        let known = self.headers.get(&name).map_or(0, Role::rank);
        if known <= role.rank() {
            self.headers.insert(&name, role);
        }
    }

    /// What the header of this name carries, if anything. Gateways hand on the metadata of gRPC under names of their own.
    pub(super) fn header(&self, name: &[u8]) -> Option<&Role> {
        let folded = Folded::lower(name);
        let name = folded.as_bytes();
        let name = name.strip_prefix(b"grpc-metadata-").unwrap_or(name);
        self.headers
            .get(name)
            .filter(|role| !matches!(role, Role::Secret(_)) || !self.excludes(name))
    }

    /// What the cookie of this name is. `hidden` from scripts is one that its server thinks worth hiding.
    pub(super) fn cookie(&self, name: &[u8], hidden: bool) -> Option<&Carrier> {
        let folded = Folded::lower(name);
        let name = folded.as_bytes();
        let exact = self.cookies.get(name);
        if let Some(carrier) = exact.or_else(|| self.cookies.get(without_number(name)?)) {
            return Some(carrier);
        }
        let letters = letters(name);
        let word = self
            .cookie_words
            .iter()
            .find(|word| word.letters & !letters == 0 && contains(name, &word.text))
            .map(|word| &word.carrier);
        word.or(hidden.then_some(&self.hidden_cookie))
            .filter(|_| !self.excludes(name))
    }

    /// What the parameter of this name in a URL is.
    pub(super) fn query(&self, name: &[u8]) -> Option<&Carrier> {
        let name = Folded::plain(name);
        self.queries
            .get(name.as_bytes())
            .filter(|_| self.exclude.get(name.as_bytes()).is_none())
    }

    /// What the file of this name holds.
    pub(crate) fn file(&self, path: &[u8]) -> Option<&Carrier> {
        let folded = Folded::lower(path.trim_ascii());
        let mut parts = folded
            .as_bytes()
            .rsplit(|byte| matches!(byte, b'/' | b'\\'));
        let name = parts.next()?;
        self.files
            .iter()
            .find(|(pattern, _)| fits(name, pattern.as_bytes()))
            .map(|(_, carrier)| carrier)
    }

    pub(super) fn scheme(&self, word: &[u8]) -> Option<&Scheme> {
        self.schemes.get(Folded::lower(word).as_bytes())
    }

    fn excludes(&self, name: &[u8]) -> bool {
        self.exclude.get(Folded::plain(name).as_bytes()).is_some()
    }
}

impl Role {
    fn rank(&self) -> u8 {
        match self {
            Self::Secret(_) => 0,
            Self::Url => 1,
            Self::Authorization => 2,
            Self::Cookie | Self::SetCookie => 3,
        }
    }
}

impl Carrier {
    fn new(kind: &str, category: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            category: category.to_owned(),
        }
    }

    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    pub(crate) fn category(&self) -> &str {
        &self.category
    }

    pub(super) fn span(&self, range: Range<usize>, name: &[u8]) -> Span<'_> {
        Span {
            range,
            kind: &self.kind,
            category: &self.category,
            confidence: Confidence::High,
            check: None,
            rule: RuleId::CARRIER,
            carrier: Some(String::from_utf8_lossy(name).into_owned()),
            meant: None,
            encoded: None,
        }
    }
}

impl NamesEntry {
    fn carriers(self) -> impl Iterator<Item = (String, Carrier)> {
        let carrier = Carrier::new(&self.kind, &self.category);
        self.names
            .into_iter()
            .map(move |name| (name, carrier.clone()))
    }
}

fn lower(name: &str) -> Vec<u8> {
    Folded::lower(name.as_bytes()).as_bytes().to_vec()
}

fn plain(name: &str) -> Vec<u8> {
    Folded::plain(name.as_bytes()).as_bytes().to_vec()
}

/// The name of a cookie that was cut into several: `_oauth2_proxy_0`, `next-auth.session-token.1`.
fn without_number(name: &[u8]) -> Option<&[u8]> {
    let last = name.iter().rposition(|byte| !byte.is_ascii_digit())?;
    let numbered = last + 1 < name.len() && matches!(name.get(last), Some(b'_' | b'.' | b'-'));
    name.get(..last).filter(|_| numbered)
}

/// The different bytes of a name, by their lower six bits. A name without the letters of a word need not be searched for it.
fn letters(name: &[u8]) -> u64 {
    name.iter().fold(0, |set, byte| set | 1 << (byte & 63))
}

fn contains(name: &[u8], word: &[u8]) -> bool {
    let Some(first) = word.first() else {
        return false;
    };
    memchr::memchr_iter(*first, name)
        .any(|at| name.get(at..).is_some_and(|rest| rest.starts_with(word)))
}

/// Whether a name fits a pattern with at most one `*`.
fn fits(name: &[u8], pattern: &[u8]) -> bool {
    let Some(star) = pattern.iter().position(|byte| *byte == b'*') else {
        return name == pattern;
    };
    let (start, end) = pattern.split_at_checked(star).unwrap_or((pattern, &[]));
    let end = end.get(1..).unwrap_or_default();
    name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
}
