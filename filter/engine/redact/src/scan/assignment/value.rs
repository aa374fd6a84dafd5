//! Within the value, up to its end.

use memchr::{memchr, memchr2, memchr3};

use super::bare::Bare;
use super::block::Block;
use super::look::{Ending, LOOK, Look};
use super::{Assignment, Holds, Operator, Phase, Step, ValueShape};

/// Where in the value.
#[derive(Clone, Copy)]
pub(super) enum Value {
    /// Between quotes, behind a run of backslashes.
    Quoted { run: u8 },
    /// Behind an apostrophe: the end, unless another one follows.
    Apostrophe,
    /// Not between quotes.
    Bare(Bare),
    /// In the lines of a block scalar.
    Block(Block),
    /// The digits of a number.
    Number,
    /// Within so many brackets more than the outermost, in a string with this quote or none (0), behind a run of backslashes.
    Container { depth: u16, run: u8, string: u8 },
    /// In an element, maybe behind a `<`.
    Element { less: bool },
    /// Behind the line that the text of an element is.
    ElementEnd,
    /// In `<![CDATA[`, so many bytes of it read.
    CdataStart(u8),
    /// In a CDATA section, behind so many `]`.
    Cdata(u8),
}

impl Value {
    pub(super) fn doubtful(self) -> u8 {
        match self {
            Self::Quoted { run } | Self::Container { run, .. } => run,
            Self::Apostrophe | Self::Element { less: true } => 1,
            Self::Bare(bare) => bare.doubtful(),
            Self::Block(block) => block.doubtful(),
            Self::Cdata(run) => run,
            Self::Number
            | Self::Element { less: false }
            | Self::ElementEnd
            | Self::CdataStart(_) => 0,
        }
    }
}

/// What a quote means behind so many backslashes.
enum Mark {
    /// It closes the string.
    Close,
    /// It is a part of the string.
    Escaped,
    /// It closes a string around this one.
    Outer,
}

impl Assignment {
    pub(super) fn step_value(&mut self, value: Value, byte: u8) -> Step {
        match value {
            Value::Quoted { run } => self.quoted(run, byte),
            Value::Apostrophe if byte == b'\'' => {
                self.phase = Phase::Value(Value::Quoted { run: 0 });
                self.inside(byte)
            }
            Value::Apostrophe => self.end(1, Ending::Delimiter),
            Value::Bare(bare) => self.bare(bare, byte),
            Value::Block(block) => self.block(block, byte),
            Value::Number => self.number(byte),
            Value::Container { depth, run, string } => self.container(depth, run, string, byte),
            Value::Element { less } => self.element(less, byte),
            Value::ElementEnd => match byte {
                b' ' | b'\t' | b'\r' | b'\n' => Step::InValue,
                b'<' => {
                    self.phase = Phase::Value(Value::Element { less: true });
                    Step::InValue
                }
                // More lines behind `<token>` are its documentation.
                _ => Step::Fails,
            },
            Value::CdataStart(count) => match b"![CDATA[".get(usize::from(count)) {
                Some(expected) if byte == *expected => {
                    self.phase = Phase::Value(if count == 7 {
                        Value::Cdata(0)
                    } else {
                        Value::CdataStart(count + 1)
                    });
                    Step::More
                }
                _ => Step::Fails,
            },
            Value::Cdata(run) => self.cdata(run, byte),
        }
    }

    /// Takes what the bytes start with, as far as it can be taken at once.
    pub(super) fn run_in(&mut self, value: Value, bytes: &[u8]) -> usize {
        if self.context.certain {
            return self.idle_in(value, bytes);
        }
        let spaces = match value {
            Value::Quoted { run: 0 } => self.context.holds != Holds::Scheme,
            Value::Element { less: false } | Value::Cdata(0) => true,
            Value::Bare(Bare::Plain(0)) => false,
            Value::Block(block) if block.is_in_line() => false,
            _ => return 0,
        };
        if self.look.is_empty()
            || self.context.is_word_behind_blank() && self.look.ends_with_padding()
        {
            return 0;
        }
        self.look.push_words(bytes, spaces)
    }

    /// How many of these bytes change nothing in a value that is certain.
    fn idle_in(&self, value: Value, bytes: &[u8]) -> usize {
        let quote = self.context.quote;
        let found = match value {
            Value::Quoted { run: 0 } if self.context.name_quote != 0 => {
                let found = memchr3(quote, b'\\', b'\n', bytes).unwrap_or(bytes.len());
                memchr(b'\r', bytes.get(..found).unwrap_or_default()).or(Some(found))
            }
            Value::Quoted { run: 0 } => memchr2(quote, b'\\', bytes),
            Value::Bare(Bare::Plain(0)) => bytes.iter().position(|byte| {
                !byte.is_ascii_alphanumeric()
                    && !matches!(byte, b'-' | b'_' | b'.' | b'+' | b'/' | b'=')
            }),
            Value::Container {
                run: 0, string: 0, ..
            } => bytes
                .iter()
                .position(|byte| matches!(byte, b'{' | b'}' | b'[' | b']' | b'"' | b'\'' | b'\\')),
            Value::Container { run: 0, string, .. } => memchr2(string, b'\\', bytes),
            Value::Element { less: false } => memchr(b'<', bytes),
            Value::Cdata(0) => memchr(b']', bytes),
            _ => return 0,
        };
        found.unwrap_or(bytes.len())
    }

    pub(super) fn finish_value(&mut self, value: Value) -> Step {
        match value {
            Value::Element { .. } | Value::ElementEnd if !self.context.certain => Step::Fails,
            Value::CdataStart(_) | Value::Bare(Bare::Scheme(_)) => Step::Fails,
            Value::Bare(Bare::Plain(soft)) => self.end(soft, Ending::of(0, soft)),
            Value::Apostrophe
            | Value::Block(_)
            | Value::Bare(Bare::Escapes(..) | Bare::Blanks { .. }) => {
                self.end(value.doubtful(), Ending::Delimiter)
            }
            // What was cut off may have been inside: all of it goes.
            _ => self.end(0, Ending::Delimiter),
        }
    }

    /// Takes one byte for a part of the value.
    pub(super) fn inside(&mut self, byte: u8) -> Step {
        if self.context.certain {
            return Step::InValue;
        }
        let first = self.look.is_empty();
        self.look.push(byte);
        if self.look.length() == LOOK {
            self.context.certain = self.look.is_credential(&self.context, Ending::None);
            if !self.context.certain {
                return Step::Fails;
            }
        }
        if first { Step::Starts } else { Step::InValue }
    }

    pub(super) fn end(&mut self, back: u8, ending: Ending) -> Step {
        let secret = match self.context.shape {
            ValueShape::Container => self.look.is_container_of_credentials(),
            _ => self.look.is_credential(&self.context, ending),
        };
        if self.context.certain || secret {
            Step::Ends(back)
        } else {
            Step::Fails
        }
    }

    fn mark(&self, run: u8) -> Mark {
        let escapes = self.context.escapes;
        if escapes & (escapes + 1) != 0 {
            return match run.cmp(&escapes) {
                std::cmp::Ordering::Less => Mark::Outer,
                std::cmp::Ordering::Equal => Mark::Close,
                std::cmp::Ordering::Greater => Mark::Escaped,
            };
        }
        // JSON in JSON: each level of strings doubles backslashes and adds one before a quote, so the bits of the run say level by level whether
        // the quote is escaped.
        if run & escapes != escapes {
            Mark::Outer
        } else if run & (escapes + 1) == 0 {
            Mark::Close
        } else {
            Mark::Escaped
        }
    }

    fn quoted(&mut self, run: u8, byte: u8) -> Step {
        if byte == b'\\' {
            return self.backslash(run);
        }
        let named = self.context.name_quote != 0;
        if byte == self.context.quote {
            match self.mark(run) {
                Mark::Close if self.look.is_empty() && byte != b'\'' => return Step::Fails,
                Mark::Close if byte == b'\'' && !named && self.context.escapes == 0 => {
                    self.phase = Phase::Value(Value::Apostrophe);
                    return if self.look.is_empty() {
                        Step::More
                    } else {
                        Step::InValue
                    };
                }
                Mark::Close if self.context.operator == Operator::Comma && self.look.is_value() => {
                    self.look = Look::default();
                    return self.close_name(byte, self.context.escapes);
                }
                Mark::Close => return self.end(self.context.escapes, Ending::Delimiter),
                Mark::Outer => return self.end(run, Ending::Delimiter),
                Mark::Escaped => {}
            }
        }
        // A string of JSON ends in its line, whatever is wrong with it.
        if named && matches!(byte, b'\r' | b'\n') {
            return self.end(0, Ending::Delimiter);
        }
        (0..run).for_each(|_| self.look.push(b'\\'));
        self.phase = Phase::Value(Value::Quoted { run: 0 });
        if self.context.holds == Holds::Scheme && byte == b' ' {
            if self.look.is_scheme() {
                self.look = Look::behind_scheme();
            }
            if self.look.is_empty() {
                return Step::More;
            }
        }
        self.inside(byte)
    }

    /// One more backslash in a string. What comes behind them says whether they are a part of the value, so they are looked at then.
    fn backslash(&mut self, run: u8) -> Step {
        let first = run == 0 && self.look.is_empty();
        self.phase = Phase::Value(Value::Quoted { run: longer(run) });
        if run == LONG_RUN {
            self.look.skip(LONG_RUN / 2);
            return self.inside(b'\\');
        }
        if first { Step::Starts } else { Step::InValue }
    }

    fn number(&mut self, byte: u8) -> Step {
        match byte {
            b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E' => self.inside(byte),
            b' ' | b'\t' | b'\r' | b'\n' | b',' | b'}' | b']' | b'\\' | b'"' | b'\'' => {
                self.end(0, Ending::Delimiter)
            }
            _ => {
                self.context.shape = ValueShape::Bare;
                self.bare(Bare::Plain(0), byte)
            }
        }
    }

    fn container(&mut self, depth: u16, run: u8, string: u8, byte: u8) -> Step {
        match (string, byte) {
            (_, b'\\') => self.container_goes_on(depth, longer(run), string, byte),
            (0, b'{' | b'[') => self.container_goes_on(depth.saturating_add(1), 0, 0, byte),
            // A depth that cannot be counted any more never ends: in doubt closed.
            (0, b'}' | b']') if depth == 1 => {
                if self.context.certain || self.look.is_container_of_credentials() {
                    Step::EndsHere
                } else {
                    Step::Fails
                }
            }
            (0, b'}' | b']') if depth == u16::MAX => self.container_goes_on(depth, 0, 0, byte),
            (0, b'}' | b']') => self.container_goes_on(depth - 1, 0, 0, byte),
            (0, b'"' | b'\'') if byte == b'"' || self.context.quote == b'\'' => {
                match self.mark(run) {
                    Mark::Outer => self.end(run, Ending::Delimiter),
                    Mark::Close | Mark::Escaped => self.container_goes_on(depth, 0, byte, byte),
                }
            }
            (quote, _) if quote == byte && quote != 0 => match self.mark(run) {
                Mark::Outer => self.end(run, Ending::Delimiter),
                Mark::Escaped => self.container_goes_on(depth, 0, string, byte),
                Mark::Close => {
                    if !self.context.certain && self.look.end_string() {
                        return Step::Fails;
                    }
                    self.container_goes_on(depth, 0, 0, byte)
                }
            },
            _ => self.container_goes_on(depth, 0, string, byte),
        }
    }

    fn container_goes_on(&mut self, depth: u16, run: u8, string: u8, byte: u8) -> Step {
        let opened =
            matches!(self.phase, Phase::Value(Value::Container { string: 0, .. })) && string != 0;
        self.phase = Phase::Value(Value::Container { depth, run, string });
        self.look.push_of_container(byte, string != 0 && !opened);
        let length = self.look.length();
        if length == u8::MAX || length >= LOOK && self.look.is_container_of_credentials() {
            self.context.certain = true;
        }
        Step::InValue
    }

    fn element(&mut self, less: bool, byte: u8) -> Step {
        match (less, byte) {
            (true, b'/') => self.end(1, Ending::Delimiter),
            (true, b'!') if self.look.is_empty() => {
                self.phase = Phase::Value(Value::CdataStart(1));
                Step::More
            }
            (true, _) if self.context.certain => self.end(1, Ending::Delimiter),
            (true, _) => Step::Fails,
            (false, b'<') => {
                self.phase = Phase::Value(Value::Element { less: true });
                if self.look.is_empty() {
                    Step::More
                } else {
                    Step::InValue
                }
            }
            (false, b' ' | b'\t' | b'\r' | b'\n') if self.look.is_empty() => Step::More,
            (false, b'\r' | b'\n') if !self.context.certain => {
                self.phase = Phase::Value(Value::ElementEnd);
                Step::InValue
            }
            (false, _) => self.inside(byte),
        }
    }

    fn cdata(&mut self, run: u8, byte: u8) -> Step {
        match byte {
            b'>' if run >= 2 => self.end(2, Ending::Delimiter),
            b']' => {
                self.phase = Phase::Value(Value::Cdata(run.saturating_add(1).min(2)));
                self.inside(byte)
            }
            _ => {
                self.phase = Phase::Value(Value::Cdata(0));
                self.inside(byte)
            }
        }
    }
}

/// Backslashes that are counted before the count goes on from half as many.
const LONG_RUN: u8 = 31;

/// One more, without ever losing the low bits or what is above them.
fn longer(run: u8) -> u8 {
    if run == LONG_RUN {
        LONG_RUN / 2 + 1
    } else {
        run + 1
    }
}
