//! What the first bytes and the length of a value say about it: a credential, or what merely stands where one could.
//!
//! All of it is decided within the first [`LOOK`] bytes, so that a value longer than what may be held is never held for this.

use super::words::{SCHEMA, begins_with_word, is_word, key};
use super::{Context, Holds, Operator, ValueShape};

/// Bytes after which a value is accepted or refused for good.
pub(super) const LOOK: u8 = 64;
/// Fewer bytes are no secret worth the name.
const SHORTEST: u8 = 4;
/// Fewer bytes say nothing where no operator stands before them.
const SHORTEST_UNCLEAR: u8 = 6;
/// Where a word is more likely than a credential, only what is as long as this is one.
/// Shorter words behind a scheme tell what it is about: `Basic realm`.
const SHORTEST_SCHEME: u8 = 8;
const LONG_WORD: u8 = 16;
/// Bytes kept.
pub(super) const KEPT: usize = 10;

/// What was seen of a value.
#[derive(Clone, Copy, Default)]
pub(super) struct Look {
    seen: u32,
    first: [u8; KEPT],
    length: u8,
    /// The last byte; of a container, how many bytes its first string has.
    last: u8,
}

/// How a value ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It did not, yet.
    None,
    /// At a quote, a blank, an ampersand.
    Delimiter,
    /// At what ends an expression: `,` `)` `;`.
    Expression,
}

const LOWER: u32 = 1;
const UPPER: u32 = 1 << 1;
const DIGIT: u32 = 1 << 2;
const UNDERSCORE: u32 = 1 << 3;
const HYPHEN: u32 = 1 << 4;
const DOT: u32 = 1 << 5;
/// What prose has beside letters.
const PUNCTUATION: u32 = 1 << 6;
const BRACKET: u32 = 1 << 7;
/// What prose does not have.
const SIGN: u32 = 1 << 8;
const BLANK: u32 = 1 << 9;
const WIDE: u32 = 1 << 10;
/// A lower-case letter behind a blank.
const SENTENCE: u32 = 1 << 11;
/// Not all bytes are the same.
const VARIES: u32 = 1 << 12;
/// Not all bytes are those with which values are blotted out.
const MEANS: u32 = 1 << 13;
const PAIR: u32 = 1 << 14;
/// `***` or `...`, as a mask or an extract has it.
const ELLIPSIS: u32 = 1 << 15;
/// `${`, `{{`, `#{`, `%{`.
const TEMPLATE: u32 = 1 << 16;
const CLOSED: u32 = 1 << 17;
/// A scheme was read before.
const SCHEME: u32 = 1 << 18;
/// `::`, `->`, `&&`, `||`, `??`.
const CODE: u32 = 1 << 21;
/// A capital behind a small letter.
const CAMEL: u32 = 1 << 20;
/// A container's first string is complete.
const STRING: u32 = 1 << 19;

const LETTERS: u32 = LOWER | UPPER;
/// What goes on in a value wherever it stands.
const WORD: u32 = LETTERS | DIGIT | UNDERSCORE | HYPHEN;
/// From [`LOWER`] to [`UPPER`].
const BEHIND_LOWER: u32 = (UPPER / LOWER).ilog2();
const CLASSES: u32 =
    LETTERS | DIGIT | UNDERSCORE | HYPHEN | DOT | PUNCTUATION | BRACKET | SIGN | BLANK | WIDE;

impl Ending {
    pub(super) fn of(byte: u8, trailing: u8) -> Self {
        if trailing > 0 || byte == b';' {
            Self::Expression
        } else {
            Self::Delimiter
        }
    }
}

impl Look {
    /// A fresh look, behind the name of a scheme.
    pub(super) fn behind_scheme() -> Self {
        Self {
            seen: SCHEME,
            ..Self::default()
        }
    }

    /// Whether the name of a scheme was read.
    pub(super) fn is_behind_scheme(&self) -> bool {
        self.has(SCHEME) && self.length > 0
    }

    /// A fresh look, within quotes behind a letter that says how to read them: in Python's `f"{name}"` names are filled in.
    pub(super) fn behind_prefix(prefix: u8) -> Self {
        let seen = if matches!(prefix, b'f' | b'F') {
            TEMPLATE
        } else {
            0
        };
        Self {
            seen,
            ..Self::default()
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(super) fn length(&self) -> u8 {
        self.length
    }

    pub(super) fn push(&mut self, byte: u8) {
        if self.length >= LOOK {
            return;
        }
        if let Some(slot) = self.first.get_mut(usize::from(self.length)) {
            *slot = byte;
        }
        self.seen |= class_of(byte);
        if self.length > 0 {
            self.pushed_behind(byte);
        }
        self.length += 1;
        self.last = byte;
    }

    /// Takes the letters, digits, dashes, underscores and maybe spaces that the bytes start with, and tells how many. As [`push`](Self::push) takes them one by one, but stops
    /// before the byte that decides. There was one already.
    pub(super) fn push_words(&mut self, bytes: &[u8], spaces: bool) -> usize {
        let room = usize::from((LOOK - 1).saturating_sub(self.length));
        let room = bytes.get(..room).unwrap_or(bytes);
        let (mut classes, mut camel, mut sentence, mut differ) = (0, 0, 0, 0);
        let (mut last, mut class_of_last) = (self.last, class_of(self.last));
        let mut taken = 0;
        for byte in room {
            let class = class_of(*byte);
            if class & WORD == 0 && !(spaces && *byte == b' ') {
                break;
            }
            classes |= class;
            camel |= class_of_last << BEHIND_LOWER & class;
            sentence |= u32::from(last == b' ') & class;
            differ |= byte ^ last;
            (last, class_of_last) = (*byte, class);
            taken += 1;
        }
        if taken == 0 {
            return 0;
        }
        let kept = self.first.iter_mut().skip(usize::from(self.length));
        kept.zip(bytes.iter().take(taken))
            .for_each(|(slot, byte)| *slot = *byte);
        let flag = |flag: u32, is_set: bool| if is_set { flag } else { 0 };
        self.seen = self.seen & !PAIR
            | classes
            | flag(CAMEL, camel & UPPER != 0)
            | flag(VARIES, differ != 0)
            | flag(SENTENCE, sentence & LOWER != 0);
        self.last = last;
        self.length += u8::try_from(taken).unwrap_or(0);
        taken
    }

    /// Counts bytes whose classes do not matter any more.
    pub(super) fn skip(&mut self, count: u8) {
        if count > 0 {
            self.length = self.length.saturating_add(count).min(LOOK - 1);
            self.seen |= BRACKET | VARIES | MEANS;
        }
    }

    /// Whether all so far is the name of a scheme, as in `Bearer ...`.
    pub(super) fn is_scheme(&self) -> bool {
        !self.has(SCHEME)
            && (2..=24).contains(&self.length)
            && self.only(LETTERS | DIGIT | HYPHEN)
            && self.first().is_ascii_alphabetic()
    }

    /// Whether it is the word `value`, and so the name of what the value is under.
    pub(super) fn is_value(&self) -> bool {
        self.length == 5 && self.folded().starts_with(b"value")
    }

    /// Whether it could be a word, or the name of a variable.
    pub(super) fn is_variable(&self) -> bool {
        self.only(LETTERS | UNDERSCORE)
    }

    /// Whether it could be the path of a function.
    pub(super) fn is_identifier(&self) -> bool {
        self.only(LETTERS | DIGIT | UNDERSCORE | DOT) || self.has(CODE)
    }

    /// Whether it is what stands before a quote in Python, Rust and their like.
    pub(super) fn is_string_prefix(&self) -> bool {
        self.length == 1
            && matches!(
                self.first(),
                b'b' | b'B' | b'u' | b'U' | b'r' | b'R' | b'f' | b'F'
            )
    }

    /// The verdict over a value that ended so, or of which [`LOOK`] bytes were seen.
    pub(super) fn is_credential(&self, context: &Context, ending: Ending) -> bool {
        self.length >= SHORTEST
            && self.has(VARIES)
            && self.has(MEANS)
            && !self.has(ELLIPSIS)
            && !(self.has(TEMPLATE) && self.has(CLOSED))
            && (self.seen & CLASSES) != WIDE
            && !self.is_word(ending)
            && !self.is_wrapped(ending)
            && !self.is_reference(context)
            && !self.is_prose()
            && self.suits_operator(context)
            && (context.shape != ValueShape::Bare || self.is_plain_value(context, ending))
            && (context.shape != ValueShape::Quoted || !self.is_behind_quote(context))
            && (context.holds != Holds::Uuid || self.is_uuid())
            && (context.holds != Holds::Random || self.may_be_random())
    }

    fn pushed_behind(&mut self, byte: u8) {
        if byte != self.last {
            self.seen |= VARIES;
        }
        let pair = (self.last, byte);
        if pair.0 == b' ' && byte.is_ascii_lowercase() {
            self.seen |= SENTENCE;
        }
        if pair.0.is_ascii_lowercase() && byte.is_ascii_uppercase() {
            self.seen |= CAMEL;
        }
        if matches!(pair, (b'$' | b'{' | b'#' | b'%', b'{')) {
            self.seen |= TEMPLATE;
        }
        if matches!(
            pair,
            (b':', b':') | (b'-' | b'=', b'>') | (b'&', b'&') | (b'|', b'|') | (b'?', b'?')
        ) {
            self.seen |= CODE;
        }
        if byte == b'}' {
            self.seen |= CLOSED;
        }
        match pair {
            (b'*', b'*') | (b'.', b'.') if self.has(PAIR) => self.seen |= ELLIPSIS,
            (b'*', b'*') | (b'.', b'.') => self.seen |= PAIR,
            _ => self.seen &= !PAIR,
        }
    }

    fn is_word(&self, ending: Ending) -> bool {
        let folded = self.folded();
        let kept = folded.get(..usize::from(self.length)).unwrap_or(&folded);
        ending != Ending::None && is_word(key(folded, self.length)) || begins_with_word(kept)
    }

    /// `<token>`, `{token}`, `[token]`, `(token)`, `%TOKEN%`.
    fn is_wrapped(&self, ending: Ending) -> bool {
        let words = self.only(LETTERS | UNDERSCORE | HYPHEN | DOT | BLANK | PUNCTUATION | BRACKET);
        ending != Ending::None
            && match (self.first(), self.last) {
                (b'<', b'>') => true,
                (b'{', b'}') | (b'[', b']') | (b'(', b')') => words && self.seen & PUNCTUATION == 0,
                (b'%', b'%') => self.only(LETTERS | UNDERSCORE | DIGIT | SIGN),
                _ => false,
            }
    }

    /// `$PASSWORD`, `$(command)`, `:password`, `@password`, `!vault`.
    fn is_reference(&self, context: &Context) -> bool {
        let [first, second, ..] = self.first;
        let json = context.name_quote != 0 && context.shape == ValueShape::Quoted;
        match first {
            b'$' if matches!(second, b'{' | b'(') => true,
            b'$' if second.is_ascii_alphabetic() || second == b'_' => {
                self.only(UPPER | DIGIT | UNDERSCORE | SIGN)
                    || !json && self.only(LETTERS | DIGIT | UNDERSCORE | SIGN)
            }
            b'%' => second == b'(' || second == b's' && self.length == 2,
            // A path: base64 that starts with a slash has capitals and digits.
            b'/' => {
                let path = LETTERS | DIGIT | UNDERSCORE | HYPHEN | DOT | PUNCTUATION;
                self.only(path) && !(self.has(DIGIT) && self.has(UPPER))
            }
            b'~' => second == b'/',
            b':' | b'@' | b'!' | b'*' => {
                context.shape == ValueShape::Bare
                    && self.only(LETTERS | UNDERSCORE | DOT | PUNCTUATION | SIGN | BLANK)
            }
            _ => false,
        }
    }

    /// A sentence: it starts with a capital, goes on in lower case behind a blank, and holds nothing that sentences do not have.
    fn is_prose(&self) -> bool {
        self.first().is_ascii_uppercase()
            && self.has(SENTENCE)
            && self.only(LETTERS | BLANK | PUNCTUATION | HYPHEN | DOT | WIDE)
    }

    fn suits_operator(&self, context: &Context) -> bool {
        let letters = self.only(LETTERS | HYPHEN | UNDERSCORE | DOT | PUNCTUATION);
        match context.operator {
            Operator::Comma if context.before == b'(' => self.is_argument(),
            Operator::Comma => self.is_opaque() || self.is_uuid(),
            Operator::Compared => self.length >= SHORTEST_UNCLEAR && !self.has(BLANK),
            Operator::Blank if context.is_word_behind_blank() => self.may_be_random(),
            Operator::Blank if context.shape == ValueShape::Bare => !letters,
            Operator::Blank if context.before == b'-' => true,
            Operator::Blank => self.is_argument(),
            _ => context.holds != Holds::Scheme || self.suits_scheme(),
        }
    }

    /// What follows a name as the next argument does: a word there may be anything.
    fn is_argument(&self) -> bool {
        self.length >= SHORTEST_UNCLEAR && !self.has(BLANK) && self.has(DIGIT | SIGN)
    }

    /// Whether a longer look may find it random.
    fn may_be_random(&self) -> bool {
        self.length >= LONG_WORD
            && self.has(DIGIT)
            && self.has(LETTERS)
            && self.only(LETTERS | DIGIT | UNDERSCORE | HYPHEN | DOT | SIGN | PUNCTUATION)
    }

    /// Whether the last byte is a `=`.
    pub(super) fn ends_with_padding(&self) -> bool {
        self.length > 0 && self.last == b'='
    }

    /// Whether it is the word `is`.
    pub(super) fn is_copula(&self) -> bool {
        self.length == 2 && self.folded().starts_with(b"is")
    }

    /// `AWS4-HMAC-SHA256` and `GOOG4-RSA-SHA256`.
    pub(super) fn is_signed_scheme(&self) -> bool {
        matches!(self.first(), b'A' | b'G') && self.has(DIGIT) && self.only(UPPER | DIGIT | HYPHEN)
    }

    /// What stands in an `Authorization` header, or is a word about it.
    fn suits_scheme(&self) -> bool {
        let phrase = self.only(LOWER | UNDERSCORE) && self.has(UNDERSCORE);
        self.has(DIGIT)
            || !self.has(BLANK)
                && !phrase
                && self.length >= SHORTEST_SCHEME
                && (self.has(SCHEME) || self.length >= LONG_WORD)
    }

    /// What stands behind a string that ended with the name: `read("Password: ", user)`.
    fn is_behind_quote(&self, context: &Context) -> bool {
        context.name_quote == 0
            && context.operator == Operator::Colon
            && matches!(
                self.first(),
                b',' | b')' | b';' | b' ' | b'\n' | b'\r' | b'<' | b']' | b'}' | b'+' | b'.' | b':'
            )
    }

    /// Whether it looks random: long, with digits, and not like a constant or the name of something.
    fn is_opaque(&self) -> bool {
        let name = self.has(UNDERSCORE) && !(self.has(UPPER) && self.has(LOWER));
        self.length >= LONG_WORD
            && self.has(DIGIT)
            && self.has(LOWER)
            && !name
            && self.only(LETTERS | DIGIT | UNDERSCORE | SIGN | PUNCTUATION)
    }

    fn is_uuid(&self) -> bool {
        self.length == 36 && self.only(LETTERS | DIGIT | HYPHEN) && self.has(HYPHEN)
    }

    /// A value without quotes may also be an expression of some language.
    fn is_plain_value(&self, context: &Context, ending: Ending) -> bool {
        let constant = self.only(UPPER | UNDERSCORE) && self.has(UNDERSCORE);
        !constant && (context.is_form() || !self.is_expression(context, ending))
    }

    fn is_expression(&self, context: &Context, ending: Ending) -> bool {
        // Behind a quoted name what has no quotes is code, if it is not a number.
        let quoted = context.name_quote != 0;
        let spaced = context.spaced && context.operator == Operator::Equals;
        let loose = context.spaced || context.operator != Operator::Equals;
        let several_words = self.has(UNDERSCORE | CAMEL);
        let ends = ending == Ending::Expression;
        let variable =
            self.is_variable() && (ends && (loose || several_words) || spaced && several_words);
        let path = self.only(LETTERS | UNDERSCORE | DOT) && (quoted || self.has(DOT));
        let call = self.has(BRACKET)
            && (quoted || self.only(LETTERS | UNDERSCORE | DOT | PUNCTUATION | BRACKET));
        variable || path || call || self.has(CODE)
    }

    pub(super) fn first(&self) -> u8 {
        let [first, ..] = self.first;
        first
    }

    fn folded(&self) -> [u8; KEPT] {
        self.first.map(|byte| byte.to_ascii_lowercase())
    }

    fn has(&self, flag: u32) -> bool {
        self.seen & flag != 0
    }

    fn only(&self, classes: u32) -> bool {
        self.seen & CLASSES & !classes == 0
    }
}

/// Containers: only their first string and whether there is anything in them at all.
impl Look {
    /// Takes a byte of a container.
    pub(super) fn push_of_container(&mut self, byte: u8, in_string: bool) {
        self.length = self.length.saturating_add(1);
        if in_string && byte != b'\\' && !self.has(STRING) {
            if let Some(slot) = self.first.get_mut(usize::from(self.last)) {
                *slot = byte.to_ascii_lowercase();
            }
            self.last = self.last.saturating_add(1);
        } else if !in_string && byte.is_ascii_digit() {
            self.seen |= DIGIT;
        }
    }

    /// A string of it ends. Whether that tells that nothing here is secret.
    pub(super) fn end_string(&mut self) -> bool {
        if self.has(STRING) || self.last == 0 {
            return false;
        }
        self.seen |= STRING;
        let kept = self
            .first
            .get(..usize::from(self.last).min(KEPT))
            .unwrap_or_default();
        SCHEMA.binary_search(&kept).is_ok()
            || usize::from(self.last) <= KEPT && is_word(key(self.first, self.last))
    }

    pub(super) fn is_container_of_credentials(&self) -> bool {
        self.has(STRING) || self.has(DIGIT)
    }
}

/// Whether a byte is one of a name of a variable without digits.
#[inline]
pub(super) fn is_of_variable(byte: u8) -> bool {
    class_of(byte) & (LETTERS | UNDERSCORE) != 0
}

/// Whether a byte may stand within an identifier.
#[inline]
pub(in crate::scan) fn is_of_identifier(byte: u8) -> bool {
    class_of(byte) & (WORD | DOT) != 0
}

#[inline]
fn class_of(byte: u8) -> u32 {
    CLASS.get(usize::from(byte)).copied().unwrap_or(0)
}

/// What each byte adds to what was seen.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated when compiling: an index out of bounds would not compile"
)]
const CLASS: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let blots = matches!(
            byte as u8,
            b'x' | b'X' | b'*' | b'-' | b'.' | b'_' | b'#' | b'0' | b' '
        );
        table[byte] = class(byte as u8) | if blots { 0 } else { MEANS };
        byte += 1;
    }
    table
};

const fn class(byte: u8) -> u32 {
    match byte {
        b'a'..=b'z' => LOWER,
        b'A'..=b'Z' => UPPER,
        b'0'..=b'9' => DIGIT,
        b'_' => UNDERSCORE,
        b'-' => HYPHEN,
        b'.' => DOT,
        b',' | b':' | b';' | b'?' | b'!' | b'\'' | b'/' => PUNCTUATION,
        b'<' | b'>' | b'(' | b')' | b'[' | b']' | b'{' | b'}' => BRACKET,
        b' ' | b'\t' | b'\r' | b'\n' => BLANK,
        0x80.. => WIDE,
        _ => SIGN,
    }
}
