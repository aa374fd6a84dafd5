//! The names of fields as regular expressions, for engines that know nothing of ours.
//!
//! Each is told the plainest way to write a value beside its name, and believes any value of four bytes. Ours also knows elements of XML, forms, escapes,
//! containers, capitals that start a word, look-alikes and values that say nothing. All of that is left out: what it would cost is not held against the others.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::slice;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::rules::Pattern;

/// A name starts where a word does.
const BEFORE: &str = "[^0-9A-Za-z]";
/// From the name to its value. Blanks have a bound for vectorscan's sake: without one it takes four times as long where it reports starts.
const LEAD: &str = r#"["']?\]?[ \t]{0,4}(?:=>?|:=?)[ \t]{0,4}["']?"#;
const VALUE: &str = r#"[^\s"',;&<>{}()\[\]]{4}"#;
/// What joins the words of a name.
const JOINTS: [&str; 5] = ["", "_", "-", ".", " "];

/// One `[[field]]`: all spellings of its names, in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    spellings: Vec<String>,
}

#[derive(Deserialize)]
struct File {
    field: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    names: Vec<String>,
}

/// Every `[[field]]` of `policies/carriers.toml`.
pub(super) fn fields(carriers: &Path) -> Result<Vec<Field>> {
    let text = fs::read_to_string(carriers)
        .with_context(|| format!("no names of fields in {}", carriers.display()))?;
    let file: File =
        toml::from_str(&text).with_context(|| format!("cannot read {}", carriers.display()))?;
    Ok(spelled(&file.field))
}

/// A name keeps its first meaning, as in our engine.
fn spelled(entries: &[Entry]) -> Vec<Field> {
    let mut meanings: BTreeMap<String, usize> = BTreeMap::new();
    for (entry, names) in entries.iter().enumerate() {
        for name in &names.names {
            let name = name.to_ascii_lowercase().replace(['-', '.', ' '], "_");
            meanings.entry(name).or_insert(entry);
        }
    }
    let mut fields: Vec<Field> = entries
        .iter()
        .map(|_| Field {
            spellings: Vec::new(),
        })
        .collect();
    for (name, entry) in &meanings {
        // One that ends with another of its entry is found by that, unless its words are not apart.
        let shorter = name.match_indices('_').any(|(at, _)| {
            let rest = name.get(at + 1..).unwrap_or_default();
            meanings.get(rest) == Some(entry)
        });
        let joints = if shorter { &JOINTS[..1] } else { &JOINTS[..] };
        if let Some(field) = fields.get_mut(*entry) {
            let spellings = joints.iter().map(|joint| name.replace('_', joint));
            field.spellings.extend(spellings);
        }
    }
    for field in &mut fields {
        field.spellings.sort();
        field.spellings.dedup();
    }
    fields
}

impl Field {
    /// One expression for all spellings.
    pub(super) fn together(&self) -> Pattern {
        pattern(&self.spellings)
    }

    /// One expression for each spelling.
    pub(super) fn apart(&self) -> impl Iterator<Item = Pattern> {
        self.spellings.iter().map(slice::from_ref).map(pattern)
    }
}

fn pattern(spellings: &[String]) -> Pattern {
    let names: Vec<String> = spellings
        .iter()
        .map(|spelling| regex_syntax::escape(spelling))
        .collect();
    Pattern {
        before: Some(BEFORE.to_owned()),
        lead: Some(format!("(?i:{}){LEAD}", names.join("|"))),
        context: Vec::new(),
        pattern: VALUE.to_owned(),
        tail: None,
        after: None,
        starts: spellings.to_vec(),
        rule: 0,
    }
}

#[cfg(test)]
mod tests {
    use regex::bytes::RegexBuilder;

    use super::*;

    fn entries(names: &[&[&str]]) -> Vec<Entry> {
        let owned = |names: &&[&str]| names.iter().map(|&name| name.to_owned()).collect();
        names
            .iter()
            .map(|names| Entry {
                names: owned(names),
            })
            .collect()
    }

    #[test]
    fn a_name_stands_for_its_spellings_and_keeps_its_first_meaning() {
        let fields = spelled(&entries(&[
            &["api_key", "token", "Access-Token"],
            &["token", "x_token"],
        ]));
        let spellings: Vec<Vec<&str>> = fields
            .iter()
            .map(|field| field.spellings.iter().map(String::as_str).collect())
            .collect();
        assert_eq!(
            spellings,
            [
                vec![
                    "accesstoken",
                    "api key",
                    "api-key",
                    "api.key",
                    "api_key",
                    "apikey",
                    "token"
                ],
                vec!["x token", "x-token", "x.token", "x_token", "xtoken"],
            ]
        );
    }

    #[test]
    fn values_beside_names_are_found() {
        let fields = spelled(&entries(&[&["client_secret", "token"]]));
        let field = fields.first().unwrap();
        let found = |text: &str| {
            let finds = |pattern: Pattern| {
                let mut regex = RegexBuilder::new(&pattern.anywhere());
                let regex = regex.unicode(false).build().unwrap();
                regex.is_match(text.as_bytes())
            };
            let apart = field.apart().any(finds);
            assert_eq!(finds(field.together()), apart, "{text}");
            apart
        };
        for text in [
            r#"{"client_secret": "abcd"}"#,
            "clientSecret=abcd",
            "MY_CLIENT-SECRET := 'abcd'",
            "a['client.secret'] = abcd",
            "access_token=abcd",
            "{:token => \"abcd\"}",
        ] {
            assert!(found(text), "{text}");
        }
        for text in ["mytoken=abcd", "token_type=abcd", "token=abc", "token abcd"] {
            assert!(!found(text), "{text}");
        }
    }
}
