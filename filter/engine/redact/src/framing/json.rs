//! A strict JSON tokenizer that is fed byte by byte and knows where it is.
//!
//! Why not a parser with a document behind it: a secret may be larger than what may be held, and what is not masked must come out
//! byte for byte, number formats, duplicate members and white space included.

use crate::Limit;

use super::pointer::{Pointer, Text};

/// Nesting that is followed.
const DEPTH: usize = 128;

/// What one byte meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// A value ended before this byte: a number, which only its neighbour ends.
    pub(super) ended_before: bool,
    /// A value starts with this byte.
    pub(super) begins: Option<Shape>,
    /// A value ended with this byte.
    pub(super) ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Scalar,
    Container,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Syntax,
    Limit(Limit),
}

pub(super) struct Tokenizer {
    expect: Expect,
    token: Token,
    pointer: Pointer,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    Name,
    NameOrEnd,
    Colon,
    CommaOrEnd,
    Nothing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    None,
    String { name: bool, text: Text },
    Number(Number),
    Word(&'static [u8]),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Number {
    Minus,
    Zero,
    Integer,
    Dot,
    Fraction,
    E,
    Sign,
    Exponent,
}

impl Tokenizer {
    pub(super) fn new() -> Self {
        Self {
            expect: Expect::Value,
            token: Token::None,
            pointer: Pointer::default(),
        }
    }

    /// Pointer of the value that begins or is being read.
    pub(super) fn pointer(&self) -> &str {
        self.pointer.as_str()
    }

    /// How many containers are open.
    pub(super) fn depth(&self) -> usize {
        self.pointer.depth()
    }

    /// Whether nothing but white space was read.
    pub(super) fn is_fresh(&self) -> bool {
        self.expect == Expect::Value && self.token == Token::None && self.depth() == 0
    }

    /// Whether a document could end here.
    pub(super) fn is_complete(&self) -> bool {
        match self.token {
            Token::None => self.expect == Expect::Nothing,
            Token::Number(number) => self.depth() == 0 && number.is_complete(),
            Token::String { .. } | Token::Word(_) => false,
        }
    }

    pub(super) fn step(&mut self, byte: u8) -> Result<Step, Fault> {
        match self.token {
            Token::None => self.between(byte),
            Token::String { name, text } => self.string(name, text, byte),
            Token::Word(word) => self.word(word, byte),
            Token::Number(number) => match number.step(byte) {
                Some(next) => {
                    self.token = Token::Number(next);
                    Ok(Step::default())
                }
                None if number.is_complete() => {
                    self.end_value();
                    Ok(Step {
                        ended_before: true,
                        ..self.between(byte)?
                    })
                }
                None => Err(Fault::Syntax),
            },
        }
    }

    fn string(&mut self, name: bool, text: Text, byte: u8) -> Result<Step, Fault> {
        if text == Text::Plain && byte == b'"' {
            self.token = Token::None;
            if name {
                self.pointer.end_name().ok_or(Fault::Syntax)?;
                self.expect = Expect::Colon;
                return Ok(Step::default());
            }
            self.end_value();
            return Ok(Step {
                ended: true,
                ..Step::default()
            });
        }
        let text = text.step(byte, |unit| {
            if name {
                self.pointer.push(unit)
            } else {
                Ok(())
            }
        })?;
        self.token = Token::String { name, text };
        Ok(Step::default())
    }

    fn word(&mut self, word: &'static [u8], byte: u8) -> Result<Step, Fault> {
        match word.split_first() {
            Some((first, [])) if *first == byte => {
                self.end_value();
                Ok(Step {
                    ended: true,
                    ..Step::default()
                })
            }
            Some((first, rest)) if *first == byte => {
                self.token = Token::Word(rest);
                Ok(Step::default())
            }
            _ => Err(Fault::Syntax),
        }
    }

    fn between(&mut self, byte: u8) -> Result<Step, Fault> {
        match (byte, self.expect) {
            (b' ' | b'\t' | b'\n' | b'\r', _) => Ok(Step::default()),
            (b']', Expect::ValueOrEnd) => self.close(false),
            (_, Expect::Value | Expect::ValueOrEnd) => self.begin(byte),
            (b'"', Expect::Name | Expect::NameOrEnd) => {
                self.pointer.begin_name();
                self.token = Token::String {
                    name: true,
                    text: Text::Plain,
                };
                Ok(Step::default())
            }
            (b'}', Expect::NameOrEnd) => self.close(true),
            (b':', Expect::Colon) => {
                self.expect = Expect::Value;
                Ok(Step::default())
            }
            (b',', Expect::CommaOrEnd) => {
                self.expect = if self.pointer.in_object() {
                    Expect::Name
                } else {
                    Expect::Value
                };
                Ok(Step::default())
            }
            (b'}', Expect::CommaOrEnd) => self.close(true),
            (b']', Expect::CommaOrEnd) => self.close(false),
            _ => Err(Fault::Syntax),
        }
    }

    fn begin(&mut self, byte: u8) -> Result<Step, Fault> {
        self.token = match byte {
            b'"' => Token::String {
                name: false,
                text: Text::Plain,
            },
            b't' => Token::Word(b"rue"),
            b'f' => Token::Word(b"alse"),
            b'n' => Token::Word(b"ull"),
            b'-' => Token::Number(Number::Minus),
            b'0' => Token::Number(Number::Zero),
            b'1'..=b'9' => Token::Number(Number::Integer),
            b'{' | b'[' => Token::None,
            _ => return Err(Fault::Syntax),
        };
        self.pointer.begin_value();
        if self.token != Token::None {
            return Ok(Step {
                begins: Some(Shape::Scalar),
                ..Step::default()
            });
        }
        if self.depth() == DEPTH {
            return Err(Fault::Limit(Limit::Depth));
        }
        self.pointer.open(byte == b'{');
        self.expect = if byte == b'{' {
            Expect::NameOrEnd
        } else {
            Expect::ValueOrEnd
        };
        Ok(Step {
            begins: Some(Shape::Container),
            ..Step::default()
        })
    }

    fn close(&mut self, object: bool) -> Result<Step, Fault> {
        if self.depth() == 0 || self.pointer.in_object() != object {
            return Err(Fault::Syntax);
        }
        self.pointer.close();
        self.end_value();
        Ok(Step {
            ended: true,
            ..Step::default()
        })
    }

    fn end_value(&mut self) {
        self.token = Token::None;
        self.expect = if self.depth() == 0 {
            Expect::Nothing
        } else {
            Expect::CommaOrEnd
        };
    }
}

impl Number {
    fn step(self, byte: u8) -> Option<Self> {
        Some(match (self, byte) {
            (Self::Minus, b'0') => Self::Zero,
            (Self::Minus, b'1'..=b'9') | (Self::Integer, b'0'..=b'9') => Self::Integer,
            (Self::Zero | Self::Integer, b'.') => Self::Dot,
            (Self::Dot | Self::Fraction, b'0'..=b'9') => Self::Fraction,
            (Self::Zero | Self::Integer | Self::Fraction, b'e' | b'E') => Self::E,
            (Self::E, b'+' | b'-') => Self::Sign,
            (Self::E | Self::Sign | Self::Exponent, b'0'..=b'9') => Self::Exponent,
            _ => return None,
        })
    }

    fn is_complete(self) -> bool {
        matches!(
            self,
            Self::Zero | Self::Integer | Self::Fraction | Self::Exponent
        )
    }
}
