//! Within a value that no quotes surround: where it ends depends on what stands around it, and what seems its end may go on.

use super::lead::Lead;
use super::look::{Ending, Look};
use super::value::Value;
use super::{Assignment, DOUBTFUL, Holds, Operator, Phase, Step, ValueShape};

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
    /// Behind a word and so many blanks; whether it must be the only word.
    Blanks {
        soft: u8,
        count: u8,
        alone: bool,
    },
    /// Behind the scheme's name: blanks before the credential.
    Scheme(u8),
}

/// Trailing brackets, commas and blanks that are remembered.
const TRAILING: u8 = 40;

impl Bare {
    pub(super) fn doubtful(self) -> u8 {
        match self {
            Self::Plain(soft) => soft,
            Self::Escapes(soft, run) => soft + run,
            Self::Unicode {
                soft, run, digits, ..
            } => soft + run + 1 + digits,
            Self::Blanks { soft, count, .. } => soft + count,
            Self::Scheme(_) => 0,
        }
    }
}

impl Assignment {
    pub(super) fn bare(&mut self, bare: Bare, byte: u8) -> Step {
        match bare {
            Bare::Plain(soft) => self.plain(soft, byte),
            Bare::Escapes(soft, run) => self.escapes(soft, run, byte),
            Bare::Unicode {
                soft,
                run,
                digits,
                code,
            } => self.unicode(soft, run, digits, code, byte),
            Bare::Blanks { soft, count, alone } => self.blanks(soft, count, alone, byte),
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
        let sure = self.context.certain || self.context.is_form();
        match byte {
            b' ' | b'\t' => self.behind_word(soft),
            b'"' | b'\'' if soft == 0 && self.look.is_string_prefix() => {
                self.look = Look::behind_prefix(self.look.first());
                self.context.quote = byte;
                self.context.shape = ValueShape::Quoted;
                self.phase = Phase::Value(Value::Quoted { run: 0 });
                Step::More
            }
            _ if self.is_delimiter(byte) => self.end(soft, Ending::of(byte, soft)),
            _ if !self.may_go_on(byte) => Step::Fails,
            b'\\' if self.context.operator != Operator::Part => self.go_on(Bare::Escapes(soft, 1)),
            b'(' | b'[' if soft > 0 => self.end(soft, Ending::Expression),
            b'(' | b'[' if !sure && self.look.is_identifier() => Step::Fails,
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

    /// Whether a word may go on so, as far as it has to look random.
    fn may_go_on(&self, byte: u8) -> bool {
        if self.context.certain || !self.context.is_word_behind_blank() {
            return true;
        }
        let joins = matches!(
            byte,
            b'-' | b'_'
                | b'.'
                | b'+'
                | b'/'
                | b'~'
                | b'\\'
                | b'%'
                | b'&'
                | b')'
                | b']'
                | b'}'
                | b','
                | b';'
        );
        byte == b'=' || !self.look.ends_with_padding() && (byte.is_ascii_alphanumeric() || joins)
    }

    /// Whether the byte ends every value without quotes here.
    fn is_delimiter(&self, byte: u8) -> bool {
        let equals = matches!(self.context.operator, Operator::Equals);
        match byte {
            _ if self.context.operator == Operator::Part => matches!(byte, b'\r' | b'\n'),
            0..=0x1f | 0x7f | b'"' | b'\'' | b'`' | b'<' | b'>' => true,
            b'&' => equals || self.context.is_word_behind_blank(),
            b';' => equals,
            // A parameter of a path segment ends with the segment.
            b'/' | b'?' | b'#' => equals && self.context.before == b';',
            _ => false,
        }
    }

    /// A blank behind a word.
    fn behind_word(&mut self, soft: u8) -> Step {
        let context = &self.context;
        let scheme = context.holds == Holds::Scheme;
        if scheme && self.look.is_signed_scheme() {
            // Of its parameters one is secret, and there are rules for that.
            return Step::Fails;
        }
        if scheme && self.look.is_scheme() {
            self.look = Look::behind_scheme();
            self.phase = Phase::Value(Value::Bare(Bare::Scheme(1)));
            return Step::More;
        }
        let colon = context.operator == Operator::Colon;
        let blank = context.is_word_behind_blank();
        let line = colon && matches!(context.before, 0 | b'\n') && (scheme || soft == 0);
        let list = scheme && soft > 0;
        // A word with more words behind it is prose or code.
        let word = (colon || blank || context.spaced)
            && soft == 0
            && !context.certain
            && self.look.is_variable();
        if word || line || list || context.operator == Operator::Part {
            let alone = word && context.operator != Operator::Part;
            return self.go_on(Bare::Blanks {
                soft,
                count: 1,
                alone,
            });
        }
        self.end(soft, Ending::of(b' ', soft))
    }

    /// Behind a word, in a value that may have several.
    fn blanks(&mut self, soft: u8, count: u8, alone: bool, byte: u8) -> Step {
        match byte {
            b' ' | b'\t' if count < TRAILING / 2 => self.go_on(Bare::Blanks {
                soft,
                count: count + 1,
                alone,
            }),
            b'#' | b'\\' if self.context.operator != Operator::Part => {
                self.end(soft + count, Ending::Delimiter)
            }
            // Prose: `the password is "..."`.
            b'"' | b'\'' if alone && self.is_prose_about_value() => {
                self.look = Look::default();
                self.context.operator = Operator::Compared;
                self.open_quote(byte, 0)
            }
            _ if self.is_delimiter(byte) => self.end(soft + count, Ending::Delimiter),
            // A type: `password: str = "..."`, `password string = "..."`.
            b'=' if alone && matches!(self.context.operator, Operator::Colon | Operator::Blank) => {
                self.look = Look::default();
                self.context.operator = Operator::Equals;
                self.context.spaced = true;
                self.lead(Lead::Space(0))
            }
            _ if alone => Step::Fails,
            _ => {
                self.look.skip(soft);
                self.look.push(b' ');
                self.plain(0, byte)
            }
        }
    }

    fn is_prose_about_value(&self) -> bool {
        self.context.is_word_behind_blank() && self.look.is_copula()
    }

    /// Behind backslashes in a value without quotes: in a string of JSON it may stand, and end, in many ways.
    fn escapes(&mut self, soft: u8, run: u8, byte: u8) -> Step {
        match byte {
            b'\\' if run < 16 => self.go_on(Bare::Escapes(soft, run + 1)),
            b'n' | b'r' | b't' | b'b' | b'f' | b'"' | b'\'' => {
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
}

const _: () = assert!(TRAILING + TRAILING / 2 < DOUBTFUL);
