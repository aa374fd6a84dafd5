//! From the name to the value.

use super::bare::Bare;
use super::block::Header;
use super::value::Value;
use super::{Assignment, Holds, Operator, Phase, Step, ValueShape};

/// Blanks between name and value that are followed.
const BLANKS: u8 = 64;
/// Those that are taken at once.
const RUN: usize = 8;
/// Bytes of attributes in a tag that are followed.
const ATTRIBUTES: u8 = 250;

/// Where between name and value.
#[derive(Clone, Copy)]
pub(super) enum Lead {
    /// Right behind the name.
    Name,
    /// So many backslashes behind the name: before its closing quote.
    NameEscapes(u8),
    /// Behind a dash that joins a name and a value.
    Dash,
    /// Behind the name and its quote: blanks before the operator.
    Gap(u8),
    /// Right behind `:` or `=`.
    Operator,
    /// Within an operator of several characters that has to end with `=`: behind so many of them.
    Compound(u8),
    /// Within `==`, `!=` and their like: behind so many bytes of it and blanks.
    Compared(u8),
    /// Blanks behind the operator.
    Space(u8),
    /// So many backslashes before the opening quote.
    ValueEscapes(u8),
    /// Within a tag, behind the name: so many bytes, in a quote or not, behind a slash or not.
    Tag { length: u8, quote: u8, slash: bool },
    /// In what pairs a name with a value: so many bytes of it.
    Pair(Pair, u8),
    /// Behind `%`, and maybe one digit.
    Percent(u8),
    /// Between the indicator of a block scalar and its text.
    Block(Header),
}

/// A name that is itself a value: `"name": "password", "value": "..."`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pair {
    /// `"password", "value": `: blanks before what follows.
    Member,
    /// `name="password" value=`.
    Attribute,
    /// `name: PASSWORD` and `value: ...` in the next line: its indentation.
    Indent,
    /// The key there.
    Key,
    /// `name="password"`, an empty line, the value.
    Part,
    /// `<name>password</name><value>`.
    Name,
    /// `<key>password</key><string>`.
    PropertyKey,
}

impl Assignment {
    pub(super) fn step_lead(&mut self, lead: Lead, byte: u8) -> Step {
        match lead {
            Lead::Name => self.behind_name(byte),
            Lead::NameEscapes(count) => match byte {
                b'\\' if count < 7 => self.lead(Lead::NameEscapes(count + 1)),
                b'"' | b'\'' => self.close_name(byte, count),
                _ => Step::Fails,
            },
            Lead::Dash if byte.is_ascii_alphanumeric() => {
                self.context.operator = Operator::Blank;
                self.context.before = b' ';
                self.begin(byte)
            }
            Lead::Dash => Step::Fails,
            Lead::Gap(blanks) => self.gap(blanks, byte),
            Lead::Operator => self.behind_operator(byte),
            Lead::Compound(_) if byte == b'=' => {
                self.context.operator = Operator::Equals;
                self.lead(Lead::Space(0))
            }
            Lead::Compound(count) if count < 2 && matches!(byte, b':' | b'|' | b'?') => {
                self.lead(Lead::Compound(count + 1))
            }
            Lead::Compound(_) => Step::Fails,
            Lead::Compared(count) => match byte {
                b'=' if count < 3 => self.lead(Lead::Compared(count + 1)),
                b' ' | b'\t' if (2..BLANKS).contains(&count) => {
                    self.lead(Lead::Compared(count.max(3) + 1))
                }
                b'"' | b'\'' | b'\\' if count > 1 => self.begin(byte),
                _ => Step::Fails,
            },
            Lead::Space(blanks) => self.space(blanks, byte),
            Lead::ValueEscapes(count) => match byte {
                b'\\' if count < 7 => self.lead(Lead::ValueEscapes(count + 1)),
                b'"' | b'\'' => self.open_quote(byte, count),
                _ => Step::Fails,
            },
            Lead::Tag {
                length,
                quote,
                slash,
            } => self.tag(length, quote, slash, byte),
            Lead::Pair(pair, count) => self.pair(pair, count, byte),
            Lead::Percent(first) => self.percent(first, byte),
            Lead::Block(header) => self.block_header(header, byte),
        }
    }

    pub(super) fn lead(&mut self, lead: Lead) -> Step {
        self.phase = Phase::Lead(lead);
        Step::More
    }

    /// Takes a quote, blanks, `:` or `=`, and blanks, if that is what stands there, and tells how many bytes that takes.
    pub(super) fn run_behind_name(&mut self, bytes: &[u8]) -> usize {
        let blank = |byte: &&u8| matches!(**byte, b' ' | b'\t');
        let (quote, rest) = match bytes {
            [quote @ (b'"' | b'\''), rest @ ..] => (*quote, rest),
            _ => (0, bytes),
        };
        let gap = rest.iter().take(RUN).take_while(blank).count();
        let (operator, rest) = match rest.get(gap..) {
            Some([b':', rest @ ..]) if self.context.before != b':' => (Operator::Colon, rest),
            Some([b'=', rest @ ..]) => (Operator::Equals, rest),
            _ => return 0,
        };
        let space = rest.iter().take(RUN).take_while(blank).count();
        self.context.name_quote = quote;
        self.context.operator = operator;
        self.context.spaced = gap + space > 0;
        self.phase = Phase::Lead(match u8::try_from(space) {
            Ok(0) | Err(_) => Lead::Operator,
            Ok(blanks) => Lead::Space(blanks),
        });
        bytes.len() - rest.len() + space
    }

    fn behind_name(&mut self, byte: u8) -> Step {
        match byte {
            b'"' | b'\'' => self.close_name(byte, 0),
            b'\\' => self.lead(Lead::NameEscapes(1)),
            b'>' if matches!(self.context.before, b'<' | b':') => self.open_element(),
            b']' if self.context.before == b'[' => self.lead(Lead::Gap(0)),
            b'%' => self.lead(Lead::Percent(0)),
            b'<' => self.lead(Lead::Pair(Pair::Name, 1)),
            b'-' => self.lead(Lead::Dash),
            b':' | b'=' | b' ' | b'\t' | b'\r' | b'\n' | b'.' | b'?' | b'|' | b'+' | b'!' => {
                self.gap(0, byte)
            }
            _ => Step::Fails,
        }
    }

    pub(super) fn close_name(&mut self, quote: u8, escapes: u8) -> Step {
        self.context.name_quote = quote;
        self.context.escapes = escapes;
        self.lead(Lead::Gap(0))
    }

    /// Between the name and the operator.
    fn gap(&mut self, blanks: u8, byte: u8) -> Step {
        let quoted = self.context.name_quote != 0;
        match byte {
            b':' => self.operator(Operator::Colon, blanks),
            b'=' => self.operator(Operator::Equals, blanks),
            b'.' | b'?' | b'|' | b'+' if !quoted => {
                self.context.spaced = blanks > 0;
                self.lead(Lead::Compound(0))
            }
            b'!' => self.compared(1),
            b']' if quoted && blanks == 0 => self.lead(Lead::Gap(0)),
            b',' if quoted => self.lead(Lead::Pair(Pair::Member, 0)),
            b'>' if quoted => self.open_element(),
            b'v' | b'V' if quoted && blanks > 0 => self.lead(Lead::Pair(Pair::Attribute, 1)),
            b'\r' if quoted && blanks == 0 => self.lead(Lead::Pair(Pair::Part, 1)),
            b'\r' | b'\n' if !quoted && self.context.before != b'<' => {
                self.lead(Lead::Pair(Pair::Indent, 0))
            }
            b' ' | b'\t' | b'\r' | b'\n' if blanks < BLANKS => self.lead(Lead::Gap(blanks + 1)),
            _ if quoted || blanks == 0 => Step::Fails,
            _ => match (self.context.before, byte) {
                (b'<' | b':', b'a'..=b'z' | b'A'..=b'Z' | b'>') => self.tag(1, 0, false, byte),
                (b'-', b'-') => Step::Fails,
                (b'-', _) | (_, b'\'' | b'"' | b'\\' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z') => {
                    self.context.operator = Operator::Blank;
                    self.begin(byte)
                }
                _ => Step::Fails,
            },
        }
    }

    fn operator(&mut self, operator: Operator, blanks: u8) -> Step {
        self.context.operator = operator;
        self.context.spaced = blanks > 0;
        self.lead(Lead::Operator)
    }

    fn compared(&mut self, bytes: u8) -> Step {
        self.context.operator = Operator::Compared;
        self.lead(Lead::Compared(bytes))
    }

    fn behind_operator(&mut self, byte: u8) -> Step {
        match (self.context.operator, byte) {
            (Operator::Colon, b':') => self.lead(Lead::Compound(1)),
            (Operator::Equals, b'=') => self.compared(2),
            (Operator::Equals, b'~') => Step::Fails,
            // One part of a path such as `arn:aws:...:secret:name`.
            (Operator::Colon, _) if self.context.before == b':' => Step::Fails,
            (Operator::Colon, b'/' | b'-') if self.context.name_quote == 0 => Step::Fails,
            (Operator::Colon, b'=') => self.lead(Lead::Space(0)),
            (Operator::Equals, b'>') => {
                self.context.operator = Operator::Arrow;
                self.lead(Lead::Space(0))
            }
            _ => self.space(0, byte),
        }
    }

    pub(super) fn space(&mut self, blanks: u8, byte: u8) -> Step {
        match byte {
            b' ' | b'\t' if blanks < BLANKS => {
                self.context.spaced = true;
                self.lead(Lead::Space(blanks + 1))
            }
            b'\r' | b'\n' if blanks < BLANKS && self.context.name_quote != 0 => {
                self.lead(Lead::Space(blanks + 1))
            }
            _ => self.begin(byte),
        }
    }

    /// The first byte behind operator and blanks.
    fn begin(&mut self, byte: u8) -> Step {
        let named = self.context.name_quote != 0;
        let json = named && matches!(self.context.operator, Operator::Colon | Operator::Arrow);
        match byte {
            b'\\' => self.lead(Lead::ValueEscapes(1)),
            b'"' | b'\'' => self.open_quote(byte, 0),
            b'`' if !named => self.open_quote(byte, 0),
            b'{' | b'[' if json && self.context.holds == Holds::Anything => {
                self.context.quote = self.context.name_quote;
                self.value(
                    ValueShape::Container,
                    Value::Container {
                        depth: 0,
                        run: 0,
                        string: 0,
                    },
                    byte,
                )
            }
            b'0'..=b'9' | b'-' if json => {
                self.context.quote = self.context.name_quote;
                self.value(ValueShape::Number, Value::Number, byte)
            }
            _ => {
                self.context.escapes = 0;
                self.context.quote = 0;
                self.open_bare(byte)
            }
        }
    }

    fn open_bare(&mut self, byte: u8) -> Step {
        let loose = matches!(self.context.operator, Operator::Colon | Operator::Arrow);
        match byte {
            b'|' | b'>' if self.context.operator == Operator::Colon && self.context.spaced => {
                self.open_block()
            }
            0..=b' '
            | b'<'
            | b'>'
            | b'{'
            | b'['
            | b'('
            | b')'
            | b'}'
            | b']'
            | b','
            | b';'
            | b'&'
            | b'`'
            | 0x7f => Step::Fails,
            b'|' | b'#' if loose => Step::Fails,
            b'-' if self.context.operator == Operator::Blank => Step::Fails,
            _ => self.value(ValueShape::Bare, Value::Bare(Bare::Plain(0)), byte),
        }
    }

    pub(super) fn open_quote(&mut self, quote: u8, escapes: u8) -> Step {
        // A quote of another level closes a string around this one.
        if self.context.name_quote == b'"' && quote == b'"' && escapes != self.context.escapes {
            return Step::Fails;
        }
        self.context.quote = quote;
        self.context.escapes = escapes;
        self.context.shape = ValueShape::Quoted;
        self.phase = Phase::Value(Value::Quoted { run: 0 });
        Step::More
    }

    fn open_element(&mut self) -> Step {
        self.context.operator = Operator::Tag;
        self.context.shape = ValueShape::Element;
        self.phase = Phase::Value(Value::Element { less: false });
        Step::More
    }

    fn value(&mut self, shape: ValueShape, value: Value, byte: u8) -> Step {
        self.context.shape = shape;
        self.phase = Phase::Value(value);
        match self.step_value(value, byte) {
            Step::InValue => Step::Starts,
            step => step,
        }
    }

    /// Attributes, up to the `>` of the tag.
    fn tag(&mut self, length: u8, quote: u8, slash: bool, byte: u8) -> Step {
        match byte {
            _ if length >= ATTRIBUTES => Step::Fails,
            b'>' if quote == 0 && slash => Step::Fails,
            b'>' if quote == 0 => self.open_element(),
            b'<' if quote == 0 => Step::Fails,
            _ => {
                let quote = match byte {
                    b'"' | b'\'' if quote == 0 => byte,
                    _ if byte == quote => 0,
                    _ => quote,
                };
                self.lead(Lead::Tag {
                    length: length + 1,
                    quote,
                    slash: byte == b'/',
                })
            }
        }
    }

    fn pair(&mut self, pair: Pair, count: u8, byte: u8) -> Step {
        let next = |pair, count| Lead::Pair(pair, count);
        match (pair, byte) {
            (Pair::Member | Pair::Indent, _) if count >= BLANKS => Step::Fails,
            (Pair::Member, b' ' | b'\t' | b'\r' | b'\n') => self.lead(next(pair, count + 1)),
            (Pair::Member, b'"' | b'\'' | b'\\') => {
                self.context.operator = Operator::Comma;
                self.begin(byte)
            }
            (Pair::Indent, b' ' | b'\t' | b'\n' | b'\r') => self.lead(next(pair, count + 1)),
            (Pair::Indent, b'v') => self.lead(next(Pair::Key, 1)),
            (Pair::Attribute | Pair::Key, b' ' | b'=' | b':') if count == 5 => {
                self.context.name_quote = 0;
                self.context.before = b' ';
                self.gap(0, byte)
            }
            (Pair::Attribute | Pair::Key, _) => match b"value".get(usize::from(count)) {
                Some(letter) if byte.eq_ignore_ascii_case(letter) => {
                    self.lead(next(pair, count + 1))
                }
                _ => Step::Fails,
            },
            (Pair::Part, _) => match b"\r\n\r\n".get(usize::from(count)) {
                Some(expected) if byte == *expected => self.lead(next(pair, count + 1)),
                None if byte > b' ' => {
                    self.context.operator = Operator::Part;
                    self.context.escapes = 0;
                    self.value(ValueShape::Bare, Value::Bare(Bare::Plain(0)), byte)
                }
                _ => Step::Fails,
            },
            (Pair::Name, b'k') if count == 2 => self.lead(next(Pair::PropertyKey, 3)),
            (Pair::Name, _) => self.sibling(pair, b"</name>", b"<value>", count, byte),
            (Pair::PropertyKey, _) => self.sibling(pair, b"</key>", b"<string>", count, byte),
            _ => Step::Fails,
        }
    }

    /// The end of one element and the start of the next, blanks between them.
    fn sibling(&mut self, pair: Pair, end: &[u8], start: &[u8], count: u8, byte: u8) -> Step {
        let at = usize::from(count);
        let between = at == end.len();
        let expected = end.get(at).or_else(|| start.get(at - end.len().min(at)));
        match expected {
            Some(expected) if *expected == byte && at + 1 == end.len() + start.len() => {
                self.open_element()
            }
            Some(expected) if *expected == byte => self.lead(Lead::Pair(pair, count + 1)),
            _ if between && byte.is_ascii_whitespace() => Step::More,
            _ => Step::Fails,
        }
    }

    /// The closing bracket behind the name of a field, percent-encoded.
    fn percent(&mut self, first: u8, byte: u8) -> Step {
        match (first, byte) {
            (0, b'5') => self.lead(Lead::Percent(byte)),
            (b'5', b'D' | b'd') => {
                self.context.before = b'[';
                self.lead(Lead::Name)
            }
            _ => Step::Fails,
        }
    }
}
