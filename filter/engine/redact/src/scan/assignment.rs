//! Where the value of a name is: `"password": "..."`, `password=...&`, `<password>...</password>` and their kin.
//!
//! Fed byte by byte from right behind the name, so that it can be saved at the end of a chunk: one small `Copy` state, no buffer. It knows the few dozen
//! ways in which a value is written beside its name, finds both ends of the value, and judges by the first bytes and the length whether it is one at
//! all: `null`, `${PASSWORD}`, `********` and `"type": "string"` are not.
//!
//! Why not one pattern per syntax: which byte ends a value depends on what began it (a quote with so many backslashes, an ampersand, a bracket), and a
//! regular expression for all of it is a table of some hundred kilobytes that still cannot count brackets.

mod bare;
mod block;
mod hopeless;
mod lead;
mod look;
mod value;
mod words;

use lead::Lead;
use look::Look;
pub(super) use look::is_of_identifier;
use value::Value;

use crate::rules::Holds;

/// What follows one name, advanced byte by byte.
#[derive(Clone, Copy)]
pub(crate) struct Assignment {
    phase: Phase,
    context: Context,
    look: Look,
}

/// What one byte meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Between name and value. What was said to start before this does not: it was the name of a scheme.
    More,
    /// This byte is the first of the value.
    Starts,
    /// Within the value, or behind it: [`Assignment::doubtful`] says how many bytes may lie behind.
    InValue,
    /// The value ended this many bytes before this byte; 0: this byte is the first behind it.
    Ends(u8),
    /// This byte is the last of the value.
    EndsHere,
    /// There is no value, or nothing secret about it.
    Fails,
}

/// How the value is written, which says what may stand in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueShape {
    /// Between quotes, which stay.
    Quoted,
    /// A number of JSON: what replaces it needs quotes.
    Number,
    /// Text that ends at a delimiter.
    Bare,
    /// An object or array, with its brackets: what replaces it needs quotes.
    Container,
    /// The text of an XML element.
    Element,
}

#[derive(Clone, Copy)]
enum Phase {
    Lead(Lead),
    Value(Value),
    Over,
}

/// What was met on the way to the value, and decides how it ends.
#[derive(Clone, Copy)]
struct Context {
    /// What stands before the identifier; 0 at the start of the text.
    before: u8,
    /// The quote around the name, or 0.
    name_quote: u8,
    operator: Operator,
    holds: Holds,
    shape: ValueShape,
    /// The quote around the value, or around its strings; 0 if bare.
    quote: u8,
    /// Backslashes before each quote: 1, 3 or 7 where JSON stands in JSON.
    escapes: u8,
    /// Blanks stand beside the operator.
    spaced: bool,
    /// It is a part of a form or query, percent-encoded.
    percent: bool,
    /// Accepted, whatever comes.
    certain: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// `:` and `:=`.
    Colon,
    /// `=`.
    Equals,
    /// `=>`.
    Arrow,
    /// A blank: `--password v`, `token v`.
    Blank,
    /// `==` and `!=` before a quoted value, or the word `is`.
    Compared,
    /// `,` behind a quoted name: `set("password", "v")`.
    Comma,
    /// `>` of a tag.
    Tag,
    /// The empty line before a part of a multipart form.
    Part,
}

impl Context {
    /// Whether it is one word of many: `the token v`.
    fn is_word_behind_blank(&self) -> bool {
        self.operator == Operator::Blank && self.shape == ValueShape::Bare && self.before != b'-'
    }

    /// Whether this is a field of a form or query, whose value cannot be an expression.
    fn is_form(&self) -> bool {
        let joined = matches!(self.before, 0 | b'&' | b'?' | b';' | b'[');
        match self.operator {
            Operator::Part => true,
            Operator::Equals => self.percent || !self.spaced && joined,
            _ => false,
        }
    }
}

impl Assignment {
    /// Starts right behind a name. `before` is the byte before the whole identifier, as [`identifier`] tells it; none at the start of the text.
    pub(crate) fn new(before: Option<u8>, holds: Holds) -> Self {
        Self {
            phase: Phase::Lead(Lead::Name),
            context: Context {
                before: before.unwrap_or(0),
                name_quote: 0,
                operator: Operator::Equals,
                holds,
                shape: ValueShape::Bare,
                quote: 0,
                escapes: 0,
                spaced: false,
                percent: false,
                certain: false,
            },
            look: Look::default(),
        }
    }

    /// Whether the byte can stand right behind a name at all: a cheap look before anything else is done about a name.
    pub(crate) fn can_follow(byte: u8) -> bool {
        matches!(
            byte,
            b'"' | b'\''
                | b'\\'
                | b'='
                | b':'
                | b'>'
                | b'<'
                | b']'
                | b'%'
                | b'&'
                | b'.'
                | b'?'
                | b'|'
                | b'+'
                | b'!'
                | b'-'
                | b' '
                | b'\t'
                | b'\r'
                | b'\n'
        )
    }

    /// What follows is percent-encoded, and so a part of a form or query.
    pub(crate) fn is_of_form(&mut self) {
        self.context.percent = true;
    }

    /// Takes the next byte. After [`Step::Ends`], [`Step::EndsHere`] or [`Step::Fails`] every further byte fails. O(1).
    pub(crate) fn step(&mut self, byte: u8) -> Step {
        let step = match self.phase {
            Phase::Lead(lead) => self.step_lead(lead, byte),
            Phase::Value(value) => self.step_value(value, byte),
            Phase::Over => Step::Fails,
        };
        self.settled(step)
    }

    /// Takes as many of these bytes as it can at once, and tells how many: all of them are [`Step::InValue`]. In a value that is [certain](Self::is_certain) at the speed
    /// of a search for a byte, where quotes or tags surround it.
    pub(crate) fn run(&mut self, bytes: &[u8]) -> usize {
        match self.phase {
            Phase::Value(value) => self.run_in(value, bytes),
            Phase::Lead(_) | Phase::Over => 0,
        }
    }

    /// The same right behind the name: all of them are [`Step::More`]. Takes what stands between most names and their values.
    pub(crate) fn run_to_value(&mut self, bytes: &[u8]) -> usize {
        match self.phase {
            Phase::Lead(Lead::Name) => self.run_behind_name(bytes),
            _ => 0,
        }
    }

    /// The text ends here. A value that was not closed ends with it: what is cut off is no less secret.
    pub(crate) fn finish(&mut self) -> Step {
        let step = match self.phase {
            Phase::Value(value) => self.finish_value(value),
            Phase::Lead(_) | Phase::Over => Step::Fails,
        };
        self.settled(step)
    }

    /// Whether nothing behind the name was read yet.
    pub(crate) fn is_behind_name(&self) -> bool {
        matches!(self.phase, Phase::Lead(Lead::Name))
    }

    /// Whether the value has not begun.
    pub(crate) fn is_in_lead(&self) -> bool {
        matches!(self.phase, Phase::Lead(_))
    }

    /// How the value is written; meaningful from [`Step::Starts`] on.
    pub(crate) fn shape(&self) -> ValueShape {
        self.context.shape
    }

    /// Backslashes and quote to set around what replaces a [`ValueShape::Number`] or [`ValueShape::Container`], or that stand around a quoted value.
    pub(crate) fn quote(&self) -> (u8, u8) {
        (self.context.escapes, self.context.quote)
    }

    /// Whether the value is accepted whatever comes: it will end, but not fail. True at the latest [`LOOK`](look::LOOK) bytes into it.
    pub(crate) fn is_certain(&self) -> bool {
        self.context.certain
    }

    /// Whether only a value that looks random is one: nothing but a blank stands before it, or its name says little.
    pub(crate) fn asks_for_randomness(&self) -> bool {
        self.context.is_word_behind_blank() || self.context.holds == Holds::Random
    }

    /// Whether a scheme may stand before the credential: `Bearer ...`.
    pub(crate) fn reads_scheme(&self) -> bool {
        self.context.holds == Holds::Scheme && !self.look.is_behind_scheme()
    }

    /// Whether a machine made what is a value here.
    pub(crate) fn is_minted(&self) -> bool {
        self.context.holds == Holds::Minted
    }

    /// How many of the last bytes may turn out to lie behind the value. At most [`DOUBTFUL`].
    pub(crate) fn doubtful(&self) -> u8 {
        match self.phase {
            Phase::Value(value) => value.doubtful(),
            Phase::Lead(_) | Phase::Over => 0,
        }
    }

    fn settled(&mut self, step: Step) -> Step {
        if matches!(step, Step::Ends(_) | Step::EndsHere | Step::Fails) {
            self.phase = Phase::Over;
        }
        step
    }
}

/// Bound of [`Assignment::doubtful`].
pub(crate) const DOUBTFUL: u8 = 64;

/// Where the identifier starts of which the name at `name` is the end or all, and the byte before it, for [`Assignment::new`].
///
/// `text` is what is at hand around the name, `name` the offset of the name in it. An identifier is made of letters, digits, `_`, `-` and `.`; dashes at its
/// start, and what an escape leaves of a letter (`\npassword`, `%26password`), are not of it. Blanks that indent a line count as the line feed before them.
/// Looks at most 128 bytes back.
pub(crate) fn identifier(text: &[u8], name: usize) -> (usize, Option<u8>) {
    let before = text.get(..name).unwrap_or_default();
    let run = before
        .iter()
        .rev()
        .take(96)
        .take_while(|byte| is_of_identifier(**byte))
        .count();
    let mut start = before.len() - run;
    let (outside, inside) = before.split_at(start);
    match (outside, inside) {
        ([.., b'\\'], [b'n' | b'r' | b't', ..]) => return (start + 1, Some(b'\n')),
        ([.., b'\\'], [b'u', b'0', b'0', high, low, ..]) | ([.., b'%'], [high, low, ..]) => {
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            if let (Some(high), Some(low)) = (digit(high), digit(low)) {
                let escape = if outside.ends_with(b"%") { 2 } else { 5 };
                return (start + escape, u8::try_from(high << 4 | low).ok());
            }
        }
        _ => {}
    }
    let dashes = inside.iter().take_while(|byte| **byte == b'-').count();
    start += dashes;
    if dashes > 0 {
        return (start, Some(b'-'));
    }
    let blank = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .take(32)
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count()
    };
    let starts_line = |bytes: &[u8]| matches!(bytes, [] | [.., b'\n']);
    let unindented = |bytes: &'_ [u8]| bytes.len() - blank(bytes);
    let before = outside.last().copied();
    let indented = matches!(before, Some(b' ' | b'\t'))
        && match outside.get(..unindented(outside)).unwrap_or_default() {
            // An item of a list in YAML starts a line as well.
            [before @ .., b'-'] => {
                starts_line(before.get(..unindented(before)).unwrap_or_default())
            }
            before => starts_line(before),
        };
    (start, if indented { Some(b'\n') } else { before })
}

#[cfg(test)]
mod tests;
