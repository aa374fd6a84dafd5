//! Within the value, up to its end.

use super::look::{Ending, LOOK};
use super::{Assignment, DOUBTFUL, Holds, Operator, Phase, Step};

/// Where in the value.
#[derive(Clone, Copy)]
pub(super) enum Value {
    /// Between quotes, behind a run of backslashes.
    Quoted { run: u8 },
    /// Behind an apostrophe: the end, unless another one follows.
    Apostrophe,
    /// Not between quotes.
    Bare(Bare),
    /// The digits of a number.
    Number,
    /// Within so many brackets more than the outermost, in a string with this quote or none (0), behind a run of backslashes.
    Container { depth: u16, run: u8, string: u8 },
    /// In an element, maybe behind a `<`.
    Element { less: bool },
    /// In `<![CDATA[`, so many bytes of it read.
    CdataStart(u8),
    /// In a CDATA section, behind so many `]`.
    Cdata(u8),
}

/// Where in a value without quotes. The first number is how many closing brackets and commas were just read: they belong to it only if more follows.
#[derive(Clone, Copy)]
pub(super) enum Bare {
    Plain(u8),
    /// Behind so many backslashes.
    Escapes(u8, u8),
    /// Behind backslashes and `u`: so many digits, the last two of them.
    Unicode {
        soft: u8,
        run: u8,
        digits: u8,
        code: u8,
    },
    /// In `%26`: the digit read, if any.
    Percent(u8),
    /// Behind a word and so many blanks; whether the word was made of letters.
    Blanks {
        soft: u8,
        count: u8,
        letters: bool,
    },
    /// Behind the scheme's name: blanks before the credential.
    Scheme(u8),
}

/// Trailing brackets, commas and blanks that are remembered.
const TRAILING: u8 = 40;

impl Value {
    pub(super) fn doubtful(self) -> u8 {
        match self {
            Self::Quoted { run } | Self::Container { run, .. } => run,
            Self::Apostrophe | Self::Element { less: true } => 1,
            Self::Bare(bare) => bare.doubtful(),
            Self::Cdata(run) => run,
            Self::Number | Self::Element { less: false } | Self::CdataStart(_) => 0,
        }
    }
}

impl Bare {
    fn doubtful(self) -> u8 {
        match self {
            Self::Plain(soft) => soft,
            Self::Escapes(soft, run) => soft + run,
            Self::Unicode {
                soft, run, digits, ..
            } => soft + run + 1 + digits,
            Self::Percent(first) => 1 + u8::from(first != 0),
            Self::Blanks { soft, count, .. } => soft + count,
            Self::Scheme(_) => 0,
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
            Value::Number => self.number(byte),
            Value::Container { depth, run, string } => self.container(depth, run, string, byte),
            Value::Element { less } => self.element(less, byte),
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

    pub(super) fn finish_value(&mut self, value: Value) -> Step {
        match value {
            Value::Element { .. } | Value::CdataStart(_) | Value::Bare(Bare::Scheme(_)) => {
                Step::Fails
            }
            Value::Quoted { .. } | Value::Container { .. } | Value::Cdata(_) => {
                self.end(0, Ending::Text)
            }
            Value::Bare(Bare::Percent(_)) => self.end(0, Ending::Text),
            Value::Apostrophe | Value::Bare(_) | Value::Number => {
                self.end(value.doubtful(), Ending::Text)
            }
        }
    }

    /// Takes one byte for a part of the value.
    fn inside(&mut self, byte: u8) -> Step {
        let first = self.look.is_empty();
        self.look.push(byte);
        if self.look.length() == LOOK && !self.context.certain {
            self.context.certain = self.look.is_credential(&self.context, Ending::None);
            if !self.context.certain {
                return Step::Fails;
            }
        }
        if first { Step::Starts } else { Step::InValue }
    }

    fn end(&mut self, back: u8, ending: Ending) -> Step {
        if self.context.certain || self.look.is_credential(&self.context, ending) {
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
            self.phase = Phase::Value(Value::Quoted { run: longer(run) });
            return self.inside(byte);
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
                Mark::Close => return self.end(self.context.escapes, Ending::Delimiter),
                Mark::Outer => return self.end(run, Ending::Delimiter),
                Mark::Escaped => {}
            }
        }
        // A string of JSON ends in its line, whatever is wrong with it.
        if named && matches!(byte, b'\r' | b'\n') {
            return self.end(0, Ending::Delimiter);
        }
        self.phase = Phase::Value(Value::Quoted { run: 0 });
        if self.context.holds == Holds::Scheme && byte == b' ' && self.look.is_scheme() {
            self.phase = Phase::Value(Value::Quoted { run: 0 });
            self.look = super::look::Look::behind_scheme();
            return Step::More;
        }
        self.inside(byte)
    }

    fn number(&mut self, byte: u8) -> Step {
        match byte {
            b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E' => self.inside(byte),
            b' ' | b'\t' | b'\r' | b'\n' | b',' | b'}' | b']' | b'\\' | b'"' | b'\'' => {
                self.end(0, Ending::Delimiter)
            }
            _ => {
                self.context.shape = super::ValueShape::Bare;
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

    fn bare(&mut self, bare: Bare, byte: u8) -> Step {
        match bare {
            Bare::Plain(soft) => self.plain(soft, byte),
            Bare::Escapes(soft, run) => self.escapes(soft, run, byte),
            Bare::Unicode {
                soft,
                run,
                digits,
                code,
            } => self.unicode(soft, run, digits, code, byte),
            Bare::Percent(first) => self.percent_in_value(first, byte),
            Bare::Blanks {
                soft,
                count,
                letters,
            } => self.blanks(soft, count, letters, byte),
            Bare::Scheme(count) => match byte {
                b' ' | b'\t' if count < TRAILING => self.go_on(Bare::Scheme(count + 1)),
                0..=b' ' | b'<' | b'"' | b'\'' | b'`' | b'\\' | b'&' | b',' | b';' => Step::Fails,
                _ => self.plain(0, byte),
            },
        }
    }

    fn go_on(&mut self, bare: Bare) -> Step {
        self.phase = Phase::Value(Value::Bare(bare));
        if self.look.is_empty() {
            Step::More
        } else {
            Step::InValue
        }
    }

    fn plain(&mut self, soft: u8, byte: u8) -> Step {
        match byte {
            b' ' | b'\t' => self.behind_word(soft),
            b'"' | b'\'' if soft == 0 && self.look.is_string_prefix() => {
                self.look = super::look::Look::default();
                self.context.quote = byte;
                self.context.shape = super::ValueShape::Quoted;
                self.phase = Phase::Value(Value::Quoted { run: 0 });
                Step::More
            }
            _ if self.is_delimiter(byte) => self.end(soft, Ending::of(byte, soft)),
            b'\\' => self.go_on(Bare::Escapes(soft, 1)),
            b'%' if self.context.percent => {
                self.phase = Phase::Value(Value::Bare(Bare::Percent(0)));
                self.inside(byte)
            }
            b'(' | b'[' if !self.context.is_form() && self.look.is_identifier() => Step::Fails,
            b')' | b']' | b'}' | b',' if soft < TRAILING && !self.look.is_empty() => {
                self.go_on(Bare::Plain(soft + 1))
            }
            b';' if soft < TRAILING && !self.look.is_empty() => self.go_on(Bare::Plain(soft + 1)),
            _ => {
                self.look.skip(soft);
                self.phase = Phase::Value(Value::Bare(Bare::Plain(0)));
                self.inside(byte)
            }
        }
    }

    /// Whether the byte ends every value without quotes here.
    fn is_delimiter(&self, byte: u8) -> bool {
        let equals = matches!(self.context.operator, Operator::Equals);
        match byte {
            _ if self.context.operator == Operator::Part => matches!(byte, b'\r' | b'\n'),
            0..=0x1f | 0x7f | b'"' | b'\'' | b'`' | b'<' | b'>' => true,
            b'&' | b';' => equals,
            _ => false,
        }
    }

    /// A blank behind a word.
    fn behind_word(&mut self, soft: u8) -> Step {
        let context = &self.context;
        if context.holds == Holds::Scheme && self.look.is_scheme() {
            self.look = super::look::Look::behind_scheme();
            self.phase = Phase::Value(Value::Bare(Bare::Scheme(1)));
            return Step::More;
        }
        let line = matches!(context.before, 0 | b'\n') && context.operator == Operator::Colon;
        match context.operator {
            Operator::Part => self.go_on(Bare::Blanks {
                soft,
                count: 1,
                letters: false,
            }),
            Operator::Colon if context.holds == Holds::Scheme && line => self.go_on(Bare::Blanks {
                soft,
                count: 1,
                letters: false,
            }),
            Operator::Colon if self.look.is_letters() && soft == 0 => self.go_on(Bare::Blanks {
                soft,
                count: 1,
                letters: true,
            }),
            Operator::Colon if line && soft == 0 => self.go_on(Bare::Blanks {
                soft,
                count: 1,
                letters: false,
            }),
            _ => self.end(soft, Ending::of(b' ', soft)),
        }
    }

    /// Behind a word, in a value that may have several.
    fn blanks(&mut self, soft: u8, count: u8, letters: bool, byte: u8) -> Step {
        match byte {
            b' ' | b'\t' if count < TRAILING / 2 => self.go_on(Bare::Blanks {
                soft,
                count: count + 1,
                letters,
            }),
            b'#' | b'\\' if self.context.operator != Operator::Part => {
                self.end(soft + count, Ending::Delimiter)
            }
            _ if self.is_delimiter(byte) => self.end(soft + count, Ending::Delimiter),
            _ if letters => Step::Fails,
            _ => {
                self.look.skip(soft);
                self.look.push(b' ');
                self.plain(0, byte)
            }
        }
    }

    /// Behind backslashes in a value without quotes: in a string of JSON it may stand, and end, in many ways.
    fn escapes(&mut self, soft: u8, run: u8, byte: u8) -> Step {
        match byte {
            b'\\' if run < 16 => self.go_on(Bare::Escapes(soft, run + 1)),
            b'n' | b'r' | b't' | b'b' | b'f' | b'"' | b'\''
                if self.context.operator != Operator::Part =>
            {
                self.end(soft + run, Ending::Delimiter)
            }
            b'u' => self.go_on(Bare::Unicode {
                soft,
                run,
                digits: 0,
                code: 0,
            }),
            _ => {
                self.look.skip(soft.saturating_add(run));
                self.plain(0, byte)
            }
        }
    }

    fn unicode(&mut self, soft: u8, run: u8, digits: u8, code: u8, byte: u8) -> Step {
        let Some(digit) = char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
        else {
            self.look.skip(soft + run + 1 + digits);
            return self.plain(0, byte);
        };
        // Only the last two digits are kept: `\u0026` is a delimiter, and whatever else ends so is none, or rare enough.
        let code = code << 4 | digit;
        if digits < 3 {
            return self.go_on(Bare::Unicode {
                soft,
                run,
                digits: digits + 1,
                code,
            });
        }
        if code == b' ' || self.is_delimiter(code) {
            return self.end(soft + run + 4, Ending::Delimiter);
        }
        self.look.skip(soft + run + 4);
        self.phase = Phase::Value(Value::Bare(Bare::Plain(0)));
        self.inside(byte)
    }

    fn percent_in_value(&mut self, first: u8, byte: u8) -> Step {
        if !byte.is_ascii_hexdigit() {
            return self.plain(0, byte);
        }
        if first == 0 {
            self.phase = Phase::Value(Value::Bare(Bare::Percent(byte)));
            return self.inside(byte);
        }
        let delimiter = matches!(
            (first, byte),
            (b'2', b'0' | b'2' | b'6' | b'7')
                | (b'3', b'B' | b'b' | b'C' | b'c' | b'E' | b'e')
                | (b'0', _)
        );
        if delimiter {
            return self.end(2, Ending::Delimiter);
        }
        self.phase = Phase::Value(Value::Bare(Bare::Plain(0)));
        self.inside(byte)
    }
}

/// One more, without ever losing the low bits or what is above them.
fn longer(run: u8) -> u8 {
    if run == 31 { 16 } else { run + 1 }
}

const _: () = assert!(TRAILING + TRAILING / 2 < DOUBTFUL);
