//! From one rule of gitleaks to one or more of ours.

mod value;

use regex_syntax::ast::{Ast, RepetitionKind, RepetitionRange};
use regex_syntax::hir::Hir;

use super::bytes::{Bytes, first};
use super::config::Rule;
use super::context::{self, Words};
use super::draft::{Draft, category};
use super::pieces::{self, Flags, Piece, join};
use super::template::template;
use super::trial;

/// A rule, and what was left out of it; or why it could not be kept.
type Converted = Result<(Draft, Vec<String>), String>;

/// How often what may be repeated without end before a value may be.
const REPEATED: u32 = 32;
/// A repetition that is counted up to more than this may be too large for a table.
const MANY: usize = 256;
/// Alternatives of which examples are made.
const CHOICES: usize = 4;

/// One rule for each alternative that has to be found in its own way.
pub(super) fn convert(rule: &Rule) -> Vec<Converted> {
    let Some(pattern) = &rule.regex else {
        return vec![Err(
            "is for paths alone, and what passes has none".to_owned()
        )];
    };
    let branches =
        pieces::parse(pattern).and_then(|ast| pieces::branches(pattern, &ast, &Flags::default()));
    match branches {
        Ok(branches) => branches
            .iter()
            .flat_map(|branch| alternative(rule, pattern, branch))
            .collect(),
        Err(reason) => vec![Err(reason)],
    }
}

fn alternative(rule: &Rule, pattern: &str, pieces: &[Piece]) -> Vec<Converted> {
    let parts = match Parts::of(rule, pattern, pieces) {
        Ok(parts) => parts,
        Err(reason) => return vec![Err(reason)],
    };
    let whole = parts.converted(rule);
    if whole.is_ok() || parts.values.len() < 2 {
        return vec![whole];
    }
    // What has no common start may have one each.
    parts
        .values
        .iter()
        .map(|value| {
            let values = vec![value.clone()];
            Parts {
                values,
                ..parts.clone()
            }
            .converted(rule)
        })
        .collect()
}

/// A pattern in three parts.
#[derive(Clone)]
struct Parts<'a> {
    pattern: &'a str,
    before: Vec<Piece>,
    /// The alternatives of the value.
    values: Vec<Vec<Piece>>,
    behind: Vec<Piece>,
    notes: Vec<String>,
}

impl<'a> Parts<'a> {
    fn of(rule: &Rule, pattern: &'a str, pieces: &[Piece]) -> Result<Self, String> {
        let is_secret = |piece: &Piece| match rule.group {
            0 => piece.group.is_some(),
            wanted => piece.group == Some(wanted),
        };
        let mut notes = Vec::new();
        let (from, to) = match pieces.iter().position(is_secret) {
            Some(at) => (at, at + 1),
            None => {
                if rule.group > 0 {
                    notes.push("which group is the secret: all that matches is masked".to_owned());
                }
                let is_edge = |piece: &&Piece| {
                    let properties = piece.hir.properties();
                    !properties.look_set().is_empty()
                        && properties.maximum_len().is_some_and(|it| it <= 2)
                };
                let before = pieces.iter().take_while(is_edge).count();
                let behind = pieces.iter().rev().take_while(is_edge).count();
                (before, (pieces.len() - behind).max(before))
            }
        };
        let part = |range: std::ops::Range<usize>| pieces.get(range).unwrap_or_default().to_vec();
        let value = part(from..to);
        let values = match value.as_slice() {
            [] => return Err("has no value".to_owned()),
            [one] => pieces::branches(pattern, &one.ast, &one.flags)?,
            _ => vec![value],
        };
        Ok(Self {
            pattern,
            before: part(0..from),
            values,
            behind: part(to..pieces.len()),
            notes,
        })
    }

    /// The rule, in the first of several ways that finds something.
    fn converted(&self, rule: &Rule) -> Converted {
        let mut draft = Draft {
            title: title(rule),
            category: category(&rule.id),
            confidence: "high",
            ..Draft::default()
        };
        let mut notes = self.notes.clone();
        self.value(&mut draft, &mut notes)?;
        self.after(&mut draft, &mut notes);
        let words = context::words(self.pattern, &self.before);
        let first_try = match &words {
            Some(words) => self.by_context(draft.clone(), notes.clone(), words),
            None => self.by_lead(draft.clone(), notes.clone()),
        };
        let reason = match first_try {
            Ok(converted) => return Ok(converted),
            Err(reason) => reason,
        };
        let (mut endless, mut more) = (draft.clone(), notes.clone());
        if self.with_tail(&mut endless, MANY) {
            more.push(format!(
                "the end of a last repetition of more than {MANY}: it goes on as far as it can"
            ));
            if let Ok(converted) = self.by_lead(endless, more) {
                return Ok(converted);
            }
        }
        if !self.before.is_empty() {
            let mut notes = notes.clone();
            notes.push(
                "what has to stand before the value, which is found by its own start".to_owned(),
            );
            if let Ok(converted) = self.tried(draft.clone(), notes, "") {
                return Ok(converted);
            }
        }
        let elsewhere = |word: &&String| {
            !self
                .pattern
                .to_ascii_lowercase()
                .contains(&word.to_ascii_lowercase())
        };
        let keywords = Words::of(rule.keywords.iter().filter(elsewhere).cloned());
        if words.is_none() && !keywords.usable.is_empty() {
            notes.push(
                "keywords anywhere in the text: one has to be in the name before the value"
                    .to_owned(),
            );
            if let Ok(converted) = self.by_context(draft, notes, &keywords) {
                return Ok(converted);
            }
        }
        Err(reason)
    }

    fn by_context(&self, mut draft: Draft, mut notes: Vec<String>, words: &Words) -> Converted {
        if words.usable.is_empty() {
            return Err(format!(
                "asks for a word before the value, and `{}` is none of at least four letters, digits, `_`, `-` and `.`",
                words.dropped.join("`, `")
            ));
        }
        if !words.dropped.is_empty() {
            notes.push(format!(
                "the words `{}` before the value, which are too short or no part of a name",
                words.dropped.join("`, `")
            ));
        }
        const ANYTHING: [&str; 7] = [
            "access",
            "auth",
            "credential",
            "creds",
            "password",
            "secret",
            "token",
        ];
        let is_vague = words
            .usable
            .iter()
            .any(|word| ANYTHING.contains(&word.as_str()));
        draft.confidence = if is_vague { "low" } else { "medium" };
        draft.context.clone_from(&words.usable);
        let word = words.usable.first().cloned().unwrap_or_default();
        let quote =
            draft.after.is_none() || first(self.behind.iter().map(|it| &it.hir)).bytes.has(b'"');
        let lead = if quote {
            format!("{word}_key = \"")
        } else {
            format!("{word}_key=")
        };
        self.tried(draft, notes, &lead)
    }

    fn by_lead(&self, mut draft: Draft, mut notes: Vec<String>) -> Converted {
        let is_look = |piece: &&Piece| piece.hir.properties().maximum_len() == Some(0);
        let all = self.before.iter().map(|it| &it.hir);
        let widest: Option<usize> = all.clone().map(|it| it.properties().maximum_len()).sum();
        let looks = match widest {
            Some(0 | 1) => self.before.len(),
            _ => self.before.iter().take_while(is_look).count(),
        };
        let (class, lead) = self.before.split_at_checked(looks).unwrap_or_default();
        draft.before = before(class.iter().map(|it| &it.hir));
        if lead.is_empty() {
            return self.tried(draft, notes, "");
        }
        let mut bounded = false;
        let mut boundaries = false;
        let text = join(self.pattern, lead, &mut |ast| {
            boundaries |= matches!(ast, Ast::Assertion(_));
            match ast {
                Ast::Assertion(_) => Some(String::new()),
                Ast::Repetition(_) => {
                    let written = bound(self.pattern, ast);
                    bounded |= written.is_some();
                    written
                }
                _ => None,
            }
        });
        if bounded {
            notes.push(format!(
                "what may be repeated without end before the value: up to {REPEATED} times"
            ));
        }
        if boundaries {
            notes.push("a boundary within what stands before the value".to_owned());
        }
        draft.lead = Some(text);
        let mut converted = Err(String::new());
        for choice in 0..CHOICES {
            let lead = template(lead.iter().map(|it| &it.hir), choice);
            converted = self.tried(draft.clone(), notes.clone(), &lead);
            if converted.is_ok() {
                break;
            }
        }
        converted
    }

    /// The draft with examples, if there are any.
    fn tried(&self, mut draft: Draft, notes: Vec<String>, lead: &str) -> Converted {
        let quote = if lead.ends_with('"') { "\"" } else { "" };
        let mut texts = Vec::new();
        for choice in 0..CHOICES {
            for value in &self.values {
                let value = template(value.iter().map(|it| &it.hir), choice);
                let text = format!("{lead}{value}{quote}");
                if !texts.contains(&text) {
                    texts.push(text);
                }
            }
        }
        trial::examples(&mut draft, texts)?;
        Ok((draft, notes))
    }
}

/// The bytes that may stand before, of what is no wider than one.
fn before<'a>(parts: impl Iterator<Item = &'a Hir> + Clone) -> Option<String> {
    parts.clone().next()?;
    let set = first(parts);
    match (set.optional, set.bytes == Bytes::none()) {
        (true, _) => None,
        // The start of a text always may.
        (_, true) => Some(r"[\r\n]".to_owned()),
        _ => Some(set.bytes.written()),
    }
}

/// A repetition without an end, with one.
fn bound(pattern: &str, ast: &Ast) -> Option<String> {
    let Ast::Repetition(repetition) = ast else {
        return None;
    };
    let least = match &repetition.op.kind {
        RepetitionKind::ZeroOrMore => 0,
        RepetitionKind::OneOrMore => 1,
        RepetitionKind::Range(RepetitionRange::AtLeast(least)) => *least,
        _ => return None,
    };
    let span = repetition.ast.span();
    let inside = pattern.get(span.start.offset..span.end.offset)?;
    Some(format!("{inside}{{{least},{}}}", least + REPEATED))
}

/// What a description says before it says why that is bad.
fn title(rule: &Rule) -> String {
    let first = rule
        .description
        .split([',', '.', '\n'])
        .next()
        .unwrap_or_default();
    let first = first.trim();
    if first.len() < 8 {
        return rule.id.replace(['-', '_'], " ");
    }
    // "Identified a potential Acme API key".
    let words: Vec<&str> = first.split(' ').collect();
    let article = words
        .iter()
        .take(4)
        .position(|word| matches!(*word, "a" | "an"));
    let from = article.map_or(0, |at| at + 1);
    let words = words.get(from..).unwrap_or_default();
    match words {
        ["possible" | "potential", rest @ ..] => rest.join(" "),
        words => words.join(" "),
    }
}
