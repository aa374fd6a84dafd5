//! Colour, when the reader is a person who wants it.

use std::fmt::{self, Display};
use std::io::IsTerminal as _;

/// Whether to colour, decided once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    colour: bool,
}

impl Paint {
    /// Colours when standard output is a terminal that can, unless `refused` or the environment has a `NO_COLOR`.
    pub(crate) fn detect(refused: bool) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            colour: !refused && !set("NO_COLOR") && !dumb && std::io::stdout().is_terminal(),
        }
    }

    pub(crate) fn bold<T: Display>(self, text: T) -> Painted<T> {
        self.with("1", text)
    }

    pub(crate) fn faint<T: Display>(self, text: T) -> Painted<T> {
        self.with("2", text)
    }

    pub(crate) fn good<T: Display>(self, text: T) -> Painted<T> {
        self.with("32", text)
    }

    pub(crate) fn bad<T: Display>(self, text: T) -> Painted<T> {
        self.with("1;31", text)
    }

    fn with<T: Display>(self, code: &'static str, text: T) -> Painted<T> {
        Painted {
            code: self.colour.then_some(code),
            text,
        }
    }
}

/// Text that carries its colour into a format string.
pub(crate) struct Painted<T> {
    code: Option<&'static str>,
    text: T,
}

impl<T: Display> Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "\x1b[{code}m{}\x1b[0m", self.text),
            None => self.text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_the_text_is_untouched() {
        assert_eq!(Paint { colour: false }.bad("no").to_string(), "no");
        assert_eq!(
            Paint { colour: true }.good("ok").to_string(),
            "\x1b[32mok\x1b[0m"
        );
    }
}
