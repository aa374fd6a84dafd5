//! The block scalars of YAML: `password: |`, and the value in the lines below.

use super::look::Ending;
use super::value::Value;
use super::{Assignment, Lead, Phase, Step, ValueShape};

/// Deepest indentation that is followed, and most blanks between two lines.
const DEEPEST: u8 = 40;

/// Where between the indicator and the value.
#[derive(Clone, Copy)]
pub(super) enum Header {
    /// Behind `|` or `>` and so many digits and signs.
    Indicator(u8),
    /// In a line, behind so many blanks.
    Indent(u8),
}

/// Where in the value.
#[derive(Clone, Copy)]
pub(super) struct Block {
    /// Blanks before each line.
    indent: u8,
    /// Bytes behind the last line that has text; 0 within one.
    behind: u8,
    /// Blanks at the start of this line.
    column: u8,
}

impl Block {
    /// Whether the last byte was one of a line.
    pub(super) fn is_in_line(self) -> bool {
        self.behind == 0
    }

    pub(super) fn doubtful(self) -> u8 {
        self.behind
    }
}

impl Assignment {
    pub(super) fn open_block(&mut self) -> Step {
        self.lead(Lead::Block(Header::Indicator(0)))
    }

    pub(super) fn block_header(&mut self, header: Header, byte: u8) -> Step {
        match (header, byte) {
            (Header::Indicator(count), b'+' | b'-' | b'1'..=b'9') if count < 2 => {
                self.lead(Lead::Block(Header::Indicator(count + 1)))
            }
            (Header::Indicator(count), b'\r') => self.lead(Lead::Block(Header::Indicator(count))),
            (_, b'\n') => self.lead(Lead::Block(Header::Indent(0))),
            (Header::Indent(indent), b'\r') => self.lead(Lead::Block(Header::Indent(indent))),
            (Header::Indent(indent), b' ') if indent < DEEPEST => {
                self.lead(Lead::Block(Header::Indent(indent + 1)))
            }
            (Header::Indent(indent), b'!'..) if indent > 0 => {
                self.context.shape = ValueShape::Bare;
                self.block(
                    Block {
                        indent,
                        behind: 0,
                        column: indent,
                    },
                    byte,
                )
            }
            _ => Step::Fails,
        }
    }

    pub(super) fn block(&mut self, block: Block, byte: u8) -> Step {
        let Block {
            indent,
            behind,
            column,
        } = block;
        let end_of_line = matches!(byte, b'\r' | b'\n');
        match behind {
            // A word with more words behind it is prose.
            0 if byte == b' ' && !self.context.certain && self.look.is_variable() => Step::Fails,
            0 if end_of_line && self.is_first_line_of_credential() => {
                self.context.certain = true;
                self.in_block(indent, 1, 0)
            }
            0 if end_of_line => Step::Fails,
            0 => {
                self.phase = Phase::Value(Value::Block(block));
                self.inside(byte)
            }
            _ if behind >= DEEPEST => self.end(behind, Ending::Delimiter),
            _ if end_of_line => self.in_block(indent, behind + 1, 0),
            _ if byte == b' ' && column < indent => self.in_block(indent, behind + 1, column + 1),
            _ if column < indent => self.end(behind, Ending::Delimiter),
            _ => self.in_block(indent, 0, indent),
        }
    }

    fn in_block(&mut self, indent: u8, behind: u8, column: u8) -> Step {
        self.phase = Phase::Value(Value::Block(Block {
            indent,
            behind,
            column,
        }));
        Step::InValue
    }

    fn is_first_line_of_credential(&self) -> bool {
        self.context.certain || self.look.is_credential(&self.context, Ending::Delimiter)
    }
}

const _: () = assert!(DEEPEST < super::DOUBTFUL);
