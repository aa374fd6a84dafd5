//! What a rule's patterns become, still without the rule around it. Shared by the build script and the filter.

use super::anchor::{self, Anchor};
use super::pattern::{self, Bytes, Part, Pattern};

/// The patterns of a rule, as written.
#[derive(Default)]
pub(crate) struct Source<'a> {
    pub(crate) before: Option<&'a str>,
    pub(crate) lead: Option<&'a str>,
    /// Words of which one has to be in the name before the value.
    pub(crate) context: Vec<&'a str>,
    pub(crate) pattern: &'a str,
    pub(crate) tail: Option<&'a str>,
    pub(crate) after: Option<&'a str>,
    pub(crate) max_length: Option<usize>,
    pub(crate) refuses_placeholders: bool,
}

/// The same, ready to run.
pub(crate) struct Compiled {
    pub(crate) before: Option<Bytes>,
    /// Empty if the value comes first.
    pub(crate) lead: Vec<Part>,
    pub(crate) value: Vec<Part>,
    pub(crate) tail: Option<Part>,
    pub(crate) after: Option<Bytes>,
    /// Most bytes of a value before its tail.
    pub(crate) max_length: usize,
    /// Whether the pattern alone has no longest match.
    pub(crate) open: bool,
    pub(crate) anchors: Vec<Anchor>,
    /// Whether a value that is a placeholder is none.
    pub(crate) refuses_placeholders: bool,
}

/// A field of a rule, and what is wrong with it.
pub(crate) type Fault = (&'static str, String);

/// Longest lead.
const LEAD: usize = 512;
/// Shorter words are a part of too many names.
const SHORTEST_WORD: usize = 4;
/// Longest value whose pattern has an end of its own.
const VALUE: usize = 1024;
/// Longest value that may be stated.
const STATED: usize = 4096;

impl Compiled {
    pub(crate) fn compile(source: &Source<'_>) -> Result<Self, Fault> {
        if source.tail.is_some() && source.after.is_some() {
            return Err((
                "after",
                "cannot stand beside `tail`, which already says how far the value goes; remove one"
                    .to_owned(),
            ));
        }
        let before = class("before", source.before)?;
        let after = class("after", source.after)?;
        let lead = lead(source)?;
        let by_context = !source.context.is_empty();
        let value = Pattern::compile(source.pattern, after.as_ref())
            .map_err(|problem| ("pattern", problem))?;
        let max_length = max_length(&value, source.max_length)?;
        let anchored = match &lead {
            Some(lead) if by_context => ("context", lead),
            Some(lead) => ("lead", lead),
            None => ("pattern", &value),
        };
        if let Some(lead) = &lead
            && lead.max_length.is_none_or(|max| max > LEAD)
        {
            return Err((
                "lead",
                format!(
                    "can be longer than {LEAD} bytes; bound every repetition, as in `\\s{{0,4}}`"
                ),
            ));
        }
        let table = anchored
            .1
            .table()
            .map_err(|problem| (anchored.0, problem))?;
        let anchors = anchor::anchors(&table).map_err(|problem| (anchored.0, problem))?;
        let lead = lead.into_iter().flat_map(|lead| lead.parts);
        Ok(Self {
            before,
            max_length,
            open: value.max_length.is_none(),
            lead: lead.chain(by_context.then_some(Part::Context)).collect(),
            value: value.parts,
            tail: source.tail.map(tail).transpose()?,
            after,
            anchors,
            refuses_placeholders: source.refuses_placeholders,
        })
    }
}

/// What has to stand before the value, or a word in the name before it.
fn lead(source: &Source<'_>) -> Result<Option<Pattern>, Fault> {
    if source.context.is_empty() {
        let lead = source
            .lead
            .map(|lead| Pattern::compile(lead, None).map_err(|problem| ("lead", problem)));
        return lead.transpose();
    }
    let refuse = |problem: &str| Err(("context", problem.to_owned()));
    if source.lead.is_some() {
        return refuse(
            "cannot stand beside `lead`, which says all of what stands before the value; remove one",
        );
    }
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    for word in &source.context {
        if word.len() < SHORTEST_WORD || !word.bytes().all(is_part) {
            return Err((
                "context",
                format!(
                    "has {word:?}, which is not a word of at least {SHORTEST_WORD} letters, digits, `_`, `-` and `.`"
                ),
            ));
        }
    }
    let words = source.context.join("|").replace('.', r"\.");
    let word = Pattern::compile(&format!("(?i:{words})"), None);
    word.map(Some).map_err(|problem| ("context", problem))
}

fn class(field: &'static str, text: Option<&str>) -> Result<Option<Bytes>, Fault> {
    let Some(text) = text else {
        return Ok(None);
    };
    let hir = pattern::parse(text).map_err(|problem| (field, problem))?;
    match pattern::set(&hir) {
        Some(set) => Ok(Some(set)),
        None => Err((
            field,
            "is not a class of single bytes such as `[^0-9A-Za-z]`".to_owned(),
        )),
    }
}

fn max_length(value: &Pattern, stated: Option<usize>) -> Result<usize, Fault> {
    let refuse = |problem: String| Err(("pattern", problem));
    if value.min_length == 0 {
        return refuse("matches the empty text; make a part of it required".to_owned());
    }
    match (value.max_length, stated) {
        (Some(max), None) if max <= VALUE => Ok(max),
        (Some(_), None) => refuse(format!(
            "can be longer than {VALUE} bytes; put the open end into `tail`, or state `max_length`"
        )),
        (None, None) => refuse("has no longest match; give each repetition an upper bound, put the open end into `tail`, or state `max_length`".to_owned()),
        (_, Some(stated)) if (value.min_length..=STATED).contains(&stated) => Ok(stated),
        (_, Some(_)) => Err((
            "max_length",
            format!("is not between the shortest match ({}) and {STATED}", value.min_length),
        )),
    }
}

fn tail(text: &str) -> Result<Part, Fault> {
    let tail = Pattern::compile(text, None).map_err(|problem| ("tail", problem))?;
    // More than one part is for values only: a tail is followed in a single state.
    match <[Part; 1]>::try_from(tail.parts) {
        Ok([part]) => Ok(part),
        Err(_) => Pattern::compile(text, None)
            .and_then(|tail| tail.table())
            .map(Part::Table)
            .map_err(|problem| ("tail", problem)),
    }
}
