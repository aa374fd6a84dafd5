//! From a word that tells whose credential it is to the value beside it: `datadog_api_key = "..."`, `datadog SECRET ...`, `datadog-token-...`.
//!
//! Why not a pattern: what may stand between differs by syntax, and the states of an automaton for all of it multiply.

use super::assignment::is_of_identifier;

/// Bytes behind the word that are looked at.
pub(super) const REACH: usize = 96;
/// Longest rest of a name before an operator.
const NAME: usize = 40;
/// Longer words are values.
const WORD: usize = 16;
/// Shorter words are no value behind nothing but the provider and a blank.
const BARE: usize = 20;
/// Words of a name.
const WORDS: usize = 4;
/// Blanks between two words, and beside an operator.
const BLANKS: usize = 4;
/// Longest name of a type.
const TYPE: usize = 12;
/// Fewer bytes behind a name and a dash are more of the name.
const SHORTEST_GLUED: usize = 8;

/// What a word of a name starts or ends with that is about a secret.
const TELLING: [&[u8]; 12] = [
    b"access",
    b"api",
    b"auth",
    b"credential",
    b"key",
    b"login",
    b"pass",
    b"password",
    b"pat",
    b"private",
    b"secret",
    b"token",
];

/// What is behind a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behind {
    /// A value may start after so many bytes.
    Value(usize),
    Nothing,
    /// Too little is known, but a value starts after at least so many bytes.
    Unfinished(usize),
}

/// Looks behind a word. O([`REACH`]).
///
/// `text` starts right behind the word, escapes read; `complete` says that nothing follows it, or nothing that is looked at.
pub(super) fn behind(text: &[u8], complete: bool) -> Behind {
    let mut reader = Reader {
        text,
        complete,
        at: 0,
        least: 0,
    };
    match reader.value() {
        Ok(Some(at)) => Behind::Value(at),
        Ok(None) => Behind::Nothing,
        Err(Unfinished) => Behind::Unfinished(reader.least),
    }
}

struct Unfinished;

struct Reader<'a> {
    text: &'a [u8],
    complete: bool,
    at: usize,
    /// No value starts before this.
    least: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Result<Option<usize>, Unfinished> {
        let mut told = false;
        for nth in 0..WORDS {
            let from = self.at;
            self.least = from;
            let name = self.run(is_of_identifier)?;
            if name.len() <= NAME && self.operator()? {
                return Ok(Some(self.at));
            }
            if let Some(glued) = glued(name, told) {
                return Ok(Some(from + glued));
            }
            told |= tells(name);
            self.at = from + name.len();
            let blanks = self.blanks(false)?;
            if !(1..=BLANKS).contains(&blanks) {
                return Ok(None);
            }
            if told && self.quote()? {
                return Ok(Some(self.at));
            }
            let at = self.at;
            self.least = at;
            let word = self.run(is_of_identifier)?;
            self.at = at;
            if word.is_empty() {
                return Ok(None);
            }
            if let Some(glued) = glued(word, false) {
                return Ok(Some(at + glued));
            }
            let bare = nth == 0 && name.is_empty() && word.len() >= BARE;
            let of_name =
                word.len() <= WORD && (word.iter().all(u8::is_ascii_alphabetic) || tells(word));
            if !of_name {
                return Ok((told || bare).then_some(at));
            }
        }
        Ok(None)
    }

    /// Takes the end of a name, an operator and the quote before the value. False if there is no operator.
    fn operator(&mut self) -> Result<bool, Unfinished> {
        let quoted = self.quote()?;
        if quoted && self.peek()? == b']' {
            self.at += 1;
        }
        let blanks = self.blanks(true)?;
        if blanks > BLANKS {
            return Ok(false);
        }
        let is_operator = match self.peek()? {
            b':' => {
                self.at += 1;
                self.least = self.at;
                if self.peek()? == b'=' {
                    self.at += 1;
                } else {
                    self.type_of_variable()?;
                }
                true
            }
            b'=' | b'!' => self.equals()?,
            b'>' => {
                self.at += 1;
                true
            }
            b'(' => {
                self.at += 1;
                return self.quote();
            }
            b',' if quoted => {
                self.at += 1;
                true
            }
            byte => blanks > 0 && byte.is_ascii_alphabetic() && self.type_of_variable()?,
        };
        if !is_operator || self.blanks(true)? > BLANKS {
            return Ok(false);
        }
        self.quote()?;
        Ok(true)
    }

    /// Takes `=`, `=>`, `==` or `!=`.
    fn equals(&mut self) -> Result<bool, Unfinished> {
        let negated = self.peek()? == b'!';
        self.at += 1;
        let next = self.peek()?;
        if negated && next != b'=' {
            return Ok(false);
        }
        while matches!(self.peek()?, b'=' | b'>') {
            self.at += 1;
        }
        Ok(true)
    }

    /// Takes a type and `=`, if they are there: `: string =`, ` string =`, also the name of an attribute, `" value=`.
    fn type_of_variable(&mut self) -> Result<bool, Unfinished> {
        let from = self.at;
        self.blanks(false)?;
        if matches!(self.peek()?, b'&' | b'*') {
            self.at += 1;
        }
        let name = self.run(|byte| byte.is_ascii_alphabetic())?;
        if (1..=TYPE).contains(&name.len()) {
            self.blanks(false)?;
            if self.peek()? == b'=' {
                self.at += 1;
                return Ok(true);
            }
        }
        self.at = from;
        Ok(false)
    }

    /// Takes a quote, with the backslashes before it. They stay if there is none behind them.
    fn quote(&mut self) -> Result<bool, Unfinished> {
        let from = self.at;
        self.run(|byte| byte == b'\\')?;
        if matches!(self.peek()?, b'"' | b'\'' | b'`') {
            self.at += 1;
            return Ok(true);
        }
        self.at = from;
        Ok(false)
    }

    fn blanks(&mut self, lines: bool) -> Result<usize, Unfinished> {
        let blanks = self.run(|byte| {
            matches!(byte, b' ' | b'\t' | b'+') || lines && matches!(byte, b'\r' | b'\n')
        })?;
        Ok(blanks.len())
    }

    fn run(&mut self, belongs: impl Fn(u8) -> bool) -> Result<&'a [u8], Unfinished> {
        let from = self.at;
        while belongs(self.peek()?) {
            self.at += 1;
        }
        Ok(self.text.get(from..self.at).unwrap_or_default())
    }

    /// The next byte; behind the last one a zero.
    fn peek(&self) -> Result<u8, Unfinished> {
        match self.text.get(self.at) {
            Some(byte) => Ok(*byte),
            None if self.complete => Ok(0),
            None => Err(Unfinished),
        }
    }
}

/// Where behind words about a secret, joined by dashes and their like, something else stands. `told` says that there was such a word before.
fn glued(name: &[u8], mut told: bool) -> Option<usize> {
    let mut from = 0;
    loop {
        let rest = name.get(from..).unwrap_or_default();
        let piece = rest.iter().position(|byte| !byte.is_ascii_alphanumeric());
        let piece = rest.get(..piece.unwrap_or(rest.len())).unwrap_or_default();
        if told && !tells(piece) && from > 0 && !piece.is_empty() {
            return (rest.len() >= SHORTEST_GLUED).then_some(from);
        }
        told |= tells(piece);
        if piece.len() == rest.len() {
            return None;
        }
        from += piece.len() + 1;
    }
}

/// Whether a word starts or ends with one about a secret.
fn tells(word: &[u8]) -> bool {
    TELLING.iter().any(|telling| {
        let first = word.get(..telling.len());
        let last = word.len().checked_sub(telling.len());
        let last = last.and_then(|at| word.get(at..));
        [first, last]
            .into_iter()
            .flatten()
            .any(|part| part.eq_ignore_ascii_case(telling))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_found_behind_what_may_stand_between() {
        for (between, value) in [
            ("_api_key = \"", "V"),
            ("ApiKey\": \"", "V"),
            ("Token string = \"", "V"),
            (" token: &str = '", "V"),
            ("_TOKEN\\\", \\\"", "V"),
            ("_key != \"", "V"),
            ("Key\" value=\"", "V"),
            ("-key>", "V"),
            (" SECRET ", "9c0ffee"),
            (" api key ", "9c0ffee"),
            (" access token is '", "V"),
            ("-secret-", "9c0ffee-9c0ffee"),
            ("SECRETkey-", "abcdef123456"),
            (" SECRET access_token-", "abcdef123456"),
            (" ", "9c0ffee9c0ffee9c0ffee"),
            ("(\"", "V"),
            (":\n  '", "V"),
        ] {
            let text = format!("{between}{value}");
            assert_eq!(
                behind(text.as_bytes(), true),
                Behind::Value(between.len()),
                "{text}"
            );
            let known = behind(between.as_bytes(), false);
            assert!(
                matches!(known, Behind::Unfinished(least) if least <= between.len())
                    || known == Behind::Value(between.len()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_name_of_a_value_is_left() {
        for text in [
            "",
            " is a word and more words",
            "/path/9c0ffee",
            " (see below)",
            "; key",
            "-prod-9c0ffee01",
            " 9c0ffee",
        ] {
            assert_eq!(behind(text.as_bytes(), true), Behind::Nothing, "{text}");
        }
    }
}
