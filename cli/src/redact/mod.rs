//! Standard input to standard output, masked on the way.

mod records;

use std::io::{self, Read, Write};
use std::sync::Arc;

use anyhow::Context as _;
use veilgate_redact::{
    Framing, Limits, MaskAll, MaskStyle, Masker, RedactError, Redactor, RuleSet,
};

use crate::exit::Status;
use records::Parts;

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// What is a text of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Records {
    /// All of the input.
    One,
    /// What stands before each NUL byte, and behind the last one.
    Null,
}

/// How sure a rule has to be.
#[derive(Clone, Copy, Default, clap::ValueEnum)]
pub(crate) enum Profile {
    Precise,
    #[default]
    Balanced,
    Strict,
    Wide,
}

impl Profile {
    /// Whether rules of this confidence take part.
    pub(crate) fn uses(self, confidence: &str) -> bool {
        match self {
            Self::Precise => confidence == "high",
            Self::Balanced | Self::Strict => confidence != "low",
            Self::Wide => true,
        }
    }
}

impl From<Profile> for veilgate_redact::Profile {
    fn from(profile: Profile) -> Self {
        match profile {
            Profile::Precise => Self::Precise,
            Profile::Balanced => Self::Balanced,
            Profile::Strict => Self::Strict,
            Profile::Wide => Self::Wide,
        }
    }
}

/// Copies input to output without its credentials, at once as far as can be. A record that cannot be read to its end is cut short, and the status says so.
pub(crate) fn run(
    profile: Profile,
    records: Records,
    input: &mut dyn Read,
    output: &mut dyn Write,
) -> anyhow::Result<Status> {
    let profile = profile.into();
    let rules = RuleSet::builder()
        .builtin()?
        .profile(profile)
        .catalogue(profile)?
        .build()?;
    let mut stream = Stream::new(Arc::new(rules), records);
    let (mut chunk, mut status) = (vec![0; CHUNK], Status::Success);
    loop {
        let count = match input.read(&mut chunk) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).context("cannot read standard input"),
        };
        stream.take(chunk.get(..count).unwrap_or_default());
        if count == 0 {
            stream.end();
        }
        match stream.give(output) {
            Ok(()) => {}
            // Who reads has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(status),
            Err(error) => return Err(error).context("cannot write standard output"),
        }
        for problem in stream.problems.drain(..) {
            eprintln!("veilgate: {problem}");
            status = Status::Failure;
        }
        if count == 0 {
            return Ok(status);
        }
    }
}

/// The texts of one input, one after the other.
struct Stream {
    rules: Arc<RuleSet>,
    masker: Arc<Masker>,
    records: Records,
    redactor: Redactor,
    /// Which text this is, from 1.
    number: u64,
    /// Whether it has begun: behind the last NUL there is none.
    begun: bool,
    failed: bool,
    out: Vec<u8>,
    problems: Vec<String>,
}

impl Stream {
    fn new(rules: Arc<RuleSet>, records: Records) -> Self {
        let masker = Arc::new(Masker::new(MaskStyle::Label, None));
        Self {
            redactor: redactor(&rules, &masker),
            rules,
            masker,
            records,
            number: 1,
            begun: false,
            failed: false,
            out: Vec::new(),
            problems: Vec::new(),
        }
    }

    fn take(&mut self, chunk: &[u8]) {
        for part in Parts::of(chunk, self.records) {
            if !part.bytes.is_empty() {
                self.begun = true;
                let written = if self.failed {
                    Ok(())
                } else {
                    self.redactor.write(part.bytes, &mut MaskAll, &mut self.out)
                };
                self.note(written);
            }
            if part.ends {
                self.end_record();
                self.out.push(0);
            }
        }
    }

    fn end(&mut self) {
        if self.begun {
            self.end_record();
        }
    }

    fn end_record(&mut self) {
        if !self.failed {
            let ended = self.redactor.end(&mut MaskAll, &mut self.out);
            self.note(ended);
        }
        self.redactor = redactor(&self.rules, &self.masker);
        (self.begun, self.failed) = (false, false);
        self.number += 1;
    }

    fn note(&mut self, result: Result<(), RedactError>) {
        let Err(error) = result else { return };
        self.failed = true;
        let what = match self.records {
            Records::One => "the input".to_owned(),
            Records::Null => format!("record {}", self.number),
        };
        self.problems.push(format!("{what} is cut short: {error}"));
    }

    fn give(&mut self, output: &mut dyn Write) -> io::Result<()> {
        output.write_all(&self.out)?;
        self.out.clear();
        output.flush()
    }
}

fn redactor(rules: &Arc<RuleSet>, masker: &Arc<Masker>) -> Redactor {
    Redactor::new(
        Arc::clone(rules),
        Arc::clone(masker),
        Framing::Plain,
        Limits::default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time, so that every record is cut everywhere.
    struct Bytes<'a>(&'a [u8]);

    impl Read for Bytes<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else {
                return Ok(0);
            };
            self.0 = rest;
            buffer[0] = *first;
            Ok(1)
        }
    }

    fn redacted(records: Records, mut input: &[u8]) -> String {
        let (mut whole, mut bytes) = (Vec::new(), Vec::new());
        let mut by_byte = Bytes(input);
        for (input, out) in [
            (&mut input as &mut dyn Read, &mut whole),
            (&mut by_byte, &mut bytes),
        ] {
            let status = run(Profile::Balanced, records, input, out).unwrap();
            assert_eq!(status, Status::Success);
        }
        assert_eq!(whole, bytes, "by bytes");
        String::from_utf8(whole).unwrap()
    }

    #[test]
    fn records_are_texts_of_their_own() {
        let token = format!("ghp_{}", "a1B2c3".repeat(6));
        let mask = "[REDACTED:github-pat]";
        let (half, other) = token.split_at(20);
        for (input, expected) in [
            (String::new(), String::new()),
            ("a\0".to_owned(), "a\0".to_owned()),
            ("\0\0".to_owned(), "\0\0".to_owned()),
            (format!("{token}\0{token}"), format!("{mask}\0{mask}")),
            (format!("{half}\0{other}\0"), format!("{half}\0{other}\0")),
            (format!("x {token}\0\0y\0"), format!("x {mask}\0\0y\0")),
        ] {
            assert_eq!(redacted(Records::Null, input.as_bytes()), expected);
        }
        let text = format!("a\0{token}\n");
        assert_eq!(
            redacted(Records::One, text.as_bytes()),
            format!("a\0{mask}\n")
        );
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let status = run(Profile::Wide, Records::One, &mut &b"text"[..], &mut Closed);
        assert_eq!(status.unwrap(), Status::Success);
    }
}
