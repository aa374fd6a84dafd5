//! From one rule of gitleaks to one or more of ours.

use regex_syntax::ast::{AssertionKind, Ast, RepetitionKind, RepetitionRange};
use regex_syntax::hir::Hir;

use super::bytes::{self, Bytes, first};
use super::config::Rule;
use super::context::{self, Words};
use super::draft::{Draft, category};
use super::pieces::{self, Flags, Piece, join};
use super::template::template;
use super::trial;

/// A rule, and what was left out of it; or why it could not be kept.
type Converted = Result<(Draft, Vec<String>), String>;

/// Longest value without a stated length, and with one.
const LONG: usize = 1024;
const LONGEST: usize = 4096;
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

    /// What is masked, and how long it may be.
    fn value(&self, draft: &mut Draft, notes: &mut Vec<String>) -> Result<(), String> {
        let (mut boundary, mut look) = (false, false);
        let mut edit = |ast: &Ast| match ast {
            Ast::Assertion(assertion) => {
                let is_boundary = matches!(assertion.kind, AssertionKind::WordBoundary);
                boundary |= is_boundary;
                look |= !is_boundary;
                Some(String::new())
            }
            _ => None,
        };
        let texts: Vec<String> = self
            .values
            .iter()
            .map(|value| join(self.pattern, value, &mut edit))
            .collect();
        draft.pattern = texts.join("|");
        if look {
            return Err("looks at the start or end of a line within the value".to_owned());
        }
        if boundary {
            notes.push("a word boundary within the value".to_owned());
        }
        let lengths = self.values.iter().map(|value| {
            let lengths = value.iter().map(|it| it.hir.properties().maximum_len());
            lengths.sum::<Option<usize>>()
        });
        let longest = lengths.collect::<Option<Vec<usize>>>();
        match longest.map(|it| it.into_iter().max().unwrap_or(0)) {
            Some(longest) if longest <= LONG => {}
            Some(longest) => {
                draft.max_length = Some(longest.min(LONGEST));
                if longest > LONGEST {
                    notes.push(format!(
                        "what of a value is behind its first {LONGEST} bytes"
                    ));
                }
            }
            None => self.unbounded(draft, notes),
        }
        Ok(())
    }

    /// What has no longest match: with a tail, if it is the last part that goes on, and stops before what has to follow.
    fn unbounded(&self, draft: &mut Draft, notes: &mut Vec<String>) {
        if !self.with_tail(draft, LONGEST) {
            draft.max_length = Some(LONGEST);
            notes.push(format!(
                "values of more than {LONGEST} bytes: a repetition has no end"
            ));
        }
    }

    /// Gives the draft a tail for a last part that can be longer than `most`. False if it cannot have one.
    fn with_tail(&self, draft: &mut Draft, most: usize) -> bool {
        let [value] = self.values.as_slice() else {
            return false;
        };
        let Some(tail) = Tail::of(self.pattern, value, most) else {
            return false;
        };
        let follows = first(self.behind.iter().map(|it| &it.hir));
        if follows.bytes.meets(&tail.class) {
            return false;
        }
        draft.pattern = tail.pattern;
        draft.tail = Some(tail.tail);
        (draft.after, draft.max_length) = (None, None);
        true
    }

    fn after(&self, draft: &mut Draft, notes: &mut Vec<String>) {
        let follows = first(self.behind.iter().map(|it| &it.hir));
        if follows.optional || self.behind.is_empty() {
            return;
        }
        if draft.tail.is_some() {
            notes.push("what has to follow: the value goes on as far as it can".to_owned());
            return;
        }
        let lengths = self
            .behind
            .iter()
            .map(|it| it.hir.properties().maximum_len());
        // An escape of two bytes is known by its first.
        if lengths.sum::<Option<usize>>().is_none_or(|it| it > 2) {
            notes.push("of what has to follow, all but the first byte".to_owned());
        }
        draft.after = Some(if follows.bytes.is_empty() {
            notes.push("that a value ends the text: it has to end a line".to_owned());
            r"[\r\n]".to_owned()
        } else {
            follows.bytes.written()
        });
    }
}

/// The bytes that may stand before, of what is no wider than one.
fn before<'a>(parts: impl Iterator<Item = &'a Hir> + Clone) -> Option<String> {
    if parts.clone().next().is_none() {
        return None;
    }
    let set = first(parts);
    match (set.optional, set.bytes == Bytes::none()) {
        (true, _) => None,
        // The start of a text always may.
        (_, true) => Some(r"[\r\n]".to_owned()),
        _ => Some(set.bytes.written()),
    }
}

/// A value in what it has to have and what goes on behind.
struct Tail {
    pattern: String,
    tail: String,
    class: Bytes,
}

impl Tail {
    /// None if anything but the last part, and what may be missing behind it, is longer than `most`.
    fn of(pattern: &str, value: &[Piece], most: usize) -> Option<Self> {
        let is_open = |piece: &Piece| {
            let longest = piece.hir.properties().maximum_len();
            longest.is_none_or(|it| it > most)
        };
        let at = value.iter().position(is_open)?;
        let (head, rest) = value.split_at_checked(at)?;
        let (open, padding) = rest.split_first()?;
        let optional = |it: &Piece| it.hir.properties().minimum_len() == Some(0) && !is_open(it);
        let Ast::Repetition(repetition) = &open.ast else {
            return None;
        };
        if !padding.iter().all(optional) {
            return None;
        }
        let set = bytes::class(&repeated(&open.hir)?)?;
        let plain = &mut |_: &Ast| None;
        let class = Piece {
            ast: (*repetition.ast).clone(),
            ..open.clone()
        };
        let class = join(pattern, &[class], plain);
        let least = match open.hir.properties().minimum_len().unwrap_or(0) {
            0 => String::new(),
            least => format!("{class}{{{least}}}"),
        };
        Some(Self {
            pattern: format!("{}{least}", join(pattern, head, plain)),
            tail: format!("{class}*{}", join(pattern, padding, plain)),
            class: set,
        })
    }
}

fn repeated(hir: &Hir) -> Option<Hir> {
    match hir.kind() {
        regex_syntax::hir::HirKind::Repetition(repetition) => Some((*repetition.sub).clone()),
        _ => None,
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
