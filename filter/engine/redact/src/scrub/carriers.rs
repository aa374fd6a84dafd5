//! The names under which credentials travel: `policies/carriers.toml`, compiled.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use serde::Deserialize;

use crate::rules::{FieldEntry, FieldNames, parse};
use crate::{Confidence, RuleError, RuleId};

use super::span::Span;

/// All carriers. Names are in the form in which they are compared.
pub(crate) struct Carriers {
    headers: Names,
    cookies: Names,
    cookie_words: Vec<(String, Carrier)>,
    queries: HashMap<String, Carrier>,
    schemes: HashMap<String, Scheme>,
    authorization_headers: HashSet<String>,
    url_headers: HashSet<String>,
    exclude: HashSet<String>,
    /// Names in bodies.
    pub(crate) fields: FieldNames,
    pub(super) authorization: Carrier,
    pub(super) userinfo: Carrier,
    hidden_cookie: Carrier,
}

/// What a value under a name is.
#[derive(Clone)]
pub(super) struct Carrier {
    kind: String,
    category: String,
}

/// An authentication scheme.
pub(super) struct Scheme {
    pub(super) carrier: Carrier,
    /// The parameters that are secret; all of the rest if none.
    pub(super) parameters: Vec<String>,
}

/// What a header's value is.
pub(super) enum Role<'r> {
    Authorization,
    Cookie,
    SetCookie,
    Url,
    Secret(&'r Carrier),
    Other,
}

/// Names, some ending in `*`.
#[derive(Default)]
struct Names {
    exact: HashMap<String, Carrier>,
    prefixes: Vec<(String, Carrier)>,
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
        Self {
            headers: Names::default(),
            cookies: Names::default(),
            cookie_words: Vec::new(),
            queries: HashMap::new(),
            schemes: HashMap::new(),
            authorization_headers: HashSet::new(),
            url_headers: HashSet::new(),
            exclude: HashSet::new(),
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
        let lower = |names: Vec<String>| names.into_iter().map(|name| name.to_ascii_lowercase());
        self.authorization_headers
            .extend(lower(parsed.authorization_headers));
        self.url_headers.extend(lower(parsed.url_headers));
        self.exclude
            .extend(parsed.exclude.iter().map(|name| folded(name)));
        for name in &parsed.exclude {
            self.fields.exclude(name);
        }
        for entry in parsed.field {
            self.fields.add(file, entry)?;
        }
        for entry in parsed.header {
            let carrier = Carrier::new(&entry.kind, &entry.category);
            lower(entry.names).for_each(|name| self.headers.insert(name, &carrier));
        }
        for entry in parsed.cookie {
            let carrier = Carrier::new(&entry.kind, &entry.category);
            lower(entry.names).for_each(|name| self.cookies.insert(name, &carrier));
            self.cookie_words
                .extend(lower(entry.words).map(|word| (word, carrier.clone())));
        }
        for entry in parsed.query {
            let carrier = Carrier::new(&entry.kind, &entry.category);
            self.queries.extend(
                entry
                    .names
                    .iter()
                    .map(|name| (folded(name), carrier.clone())),
            );
        }
        for entry in parsed.scheme {
            let carrier = Carrier::new(&entry.kind, &entry.category);
            let scheme = |name: String| {
                (
                    name,
                    Scheme {
                        carrier: carrier.clone(),
                        parameters: entry.parameters.clone(),
                    },
                )
            };
            self.schemes.extend(lower(entry.names).map(scheme));
        }
        Ok(())
    }

    /// What the header `name`, in lower case, carries.
    pub(super) fn header(&self, name: &str) -> Role<'_> {
        match name {
            "cookie" => Role::Cookie,
            "set-cookie" => Role::SetCookie,
            name if self.authorization_headers.contains(name) => Role::Authorization,
            name if self.url_headers.contains(name) => Role::Url,
            name => self
                .headers
                .get(name)
                .filter(|_| !self.exclude.contains(&folded(name)))
                .map_or(Role::Other, Role::Secret),
        }
    }

    pub(super) fn cookie(&self, name: &str, hidden: bool) -> Option<&Carrier> {
        let name = name.to_ascii_lowercase();
        if let Some(carrier) = self.cookies.get(&name) {
            return Some(carrier);
        }
        if self.exclude.contains(&folded(&name)) {
            return None;
        }
        let word = self
            .cookie_words
            .iter()
            .find(|(word, _)| name.contains(word.as_str()))
            .map(|(_, carrier)| carrier);
        word.or(hidden.then_some(&self.hidden_cookie))
    }

    pub(super) fn query(&self, name: &str) -> Option<&Carrier> {
        let name = folded(name);
        self.queries
            .get(&name)
            .filter(|_| !self.exclude.contains(&name))
    }

    pub(super) fn scheme(&self, word: &[u8]) -> Option<&Scheme> {
        self.schemes
            .get(&String::from_utf8_lossy(word).to_ascii_lowercase())
    }
}

impl Carrier {
    fn new(kind: &str, category: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            category: category.to_owned(),
        }
    }

    pub(super) fn span(&self, range: Range<usize>, name: String) -> Span<'_> {
        Span {
            range,
            kind: &self.kind,
            category: &self.category,
            confidence: Confidence::High,
            rule: RuleId::CARRIER,
            carrier: Some(name),
        }
    }
}

impl Names {
    fn insert(&mut self, name: String, carrier: &Carrier) {
        match name.strip_suffix('*') {
            Some(prefix) => self.prefixes.push((prefix.to_owned(), carrier.clone())),
            None => drop(self.exact.insert(name, carrier.clone())),
        }
    }

    fn get(&self, name: &str) -> Option<&Carrier> {
        self.exact.get(name).or_else(|| {
            self.prefixes
                .iter()
                .find(|(prefix, _)| name.starts_with(prefix.as_str()))
                .map(|(_, carrier)| carrier)
        })
    }
}

/// Names of parameters differ between stacks in case, `-`, `_` and `.` only.
fn folded(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '-' | '_' | '.'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
