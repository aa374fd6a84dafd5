//! Finds credentials in bytes and masks them while the bytes stream by.
//!
//! ```
//! use std::sync::Arc;
//! use veilgate_redact::{Framing, Limits, MaskAll, MaskStyle, Masker, Redactor, RuleSet};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rules = Arc::new(RuleSet::builtin()?);
//! let masker = Arc::new(Masker::new(MaskStyle::Label, None));
//! let mut redactor = Redactor::new(rules, masker, Framing::Plain, Limits::default());
//! let mut out = Vec::new();
//! let token = format!("ghp_{}", "0".repeat(36));
//! let (a, b) = token.split_at(9);
//! redactor.write(b"token: ", &mut MaskAll, &mut out)?;
//! redactor.write(a.as_bytes(), &mut MaskAll, &mut out)?;
//! redactor.write(b.as_bytes(), &mut MaskAll, &mut out)?;
//! redactor.end(&mut MaskAll, &mut out)?;
//! assert_eq!(out, b"token: [REDACTED:github-pat]");
//! # Ok(())
//! # }
//! ```
//!
//! * [`RuleSet`]: what a credential looks like, read from `policies/credentials/*.toml` and `policies/carriers.toml`; the README beside the rule
//!   files describes their format.
//! * [`Redactor`]: one stream, as text, lines of JSON, events, a form of several parts, frames of gRPC or Connect, or the JSON of a guarded secret
//!   ([`Framing`], which a content type chooses).
//! * [`Scrubber`]: headers and URLs, where names count as much as shapes.
//! * [`Judge`]: decides about each finding; [`Masker`]: what stands in its place.
//!
//! The life of a byte: 64 at a time are classified into bitmaps, in which the starts of words stand out (`scan/prefilter.rs`); four bytes of each word
//! are looked up in a bitmap of hashes, of those that pass up to eight in another one, and what is left in the index of all anchors (`rules/index.rs`),
//! names of fields among them (`scan/scanner/look_up.rs`). What stands at an
//! anchor is followed at once as far as the text is known (`scan/candidate.rs`, behind a name `scan/assignment.rs`), with escapes read as the bytes they
//! stand for (`scan/escape.rs`); runs of base64 and hexadecimal digits that are text are decoded and scanned in turn (`scan/scanner/encoded.rs`). Of what
//! is found the scanner (`scan/scanner.rs` and below) settles who wins, asks the judge, and sets the mask. Nothing here does I/O or reads a clock.
//!
//! A credential is found where a word starts: behind anything but a letter or digit, at a capital behind a small letter, and behind an escape. Values that the
//! operator knows ([`KnownValue`]) need no such place: they are looked for beside all this (`scan/known.rs`), if there are any.
//!
//! # Untrusted input
//!
//! Bodies, headers and URLs come from whoever can send them. What they can and cannot do:
//!
//! * **Time** is linear in the bytes. Candidates that start close to each other read the same bytes again; long runs of one class are walked once for
//!   all of them, and everything else a rule can read before its value is certain is bounded by the rule. A test repeats every anchor, every cut-off
//!   example and the known bad patterns (`glpat-glpat-...`), and bounds the steps per byte.
//! * **Memory** of a stream is [`Limits::held`] and up to 11 KiB, 16 by default, also where one anchor follows the other: those within a value wait for its
//!   end in four bytes each. A value without end (a PEM key whose end never comes) is hashed and dropped as it
//!   comes, not stored. JSON depth, names and fields of a guarded secret are bounded ([`Limit`]).
//! * **Panics**: none is reachable; indexing, slicing and unwrapping are lint errors here.
//! * **Evasion**: a credential is found as it is, with any of its bytes written as escapes of JSON, URLs or XML, also of JSON that is itself a string, and in base64
//!   or hexadecimal of at least 24 or 32 digits, twice at most, from where the first 24 are letters and digits; not where it is compressed, or split over several fields, lines of JSON, events or parts. Compressed bodies are
//!   the caller's to refuse. Of escaped backslashes before an escape that stands for a credential's first byte (`\\\u0067hp_`) one may be masked with it. A name counts where a
//!   word starts: right behind an acronym (`HTTPPassword`) only if it is listed so.
//! * **Known values** in clear are found wherever they stand; those known by hashes as words of their own. A sender that knows neither cannot make them cost more than a look
//!   at every fourth byte, and a checksum for each different length.
//! * **Framing**: a mask holds no quote, backslash, separator or control character, so it cannot end a JSON string, a header or a log line. In gRPC it has the
//!   length of the value, so frames stay valid; in a binary message it ends with its field. What is framed as gRPC is scanned whatever it holds.
//!   Every line that begins like the delimiter of a multipart body counts as one, so no reader sees a part that was not seen here.
//! * **Printing**: no type here that is printable holds a value: [`Finding`], [`RedactError`] and every `Debug` name kinds, places and lengths only.
//!
//! Rule files come from the operator and are trusted not to be hostile, but not to be right: everything that could cost time or memory without
//! bound (a pattern without a literal to start with, or without an end) is refused.

mod base64;
mod check;
mod error;
mod framing;
mod judge;
mod limits;
mod mask;
mod redactor;
mod rules;
mod scan;
mod scrub;

pub use error::{Limit, RedactError, RuleError};
pub use framing::Framing;
pub use judge::{Check, Confidence, Finding, Judge, MaskAll, RuleId, Treatment};
pub use limits::{Limits, OnLimit};
pub use mask::{Fingerprint, MaskStyle, Masker};
pub use redactor::Redactor;
pub use rules::{KnownValue, Profile, Rule, RuleSet, RuleSetBuilder, Sample};
#[cfg(feature = "authoring")]
pub use rules::{Problem, Reading, Shipped, ShippedFile, shipped_files};
#[cfg(feature = "authoring")]
pub use scan::{Stopped, Trace};
pub use scrub::Scrubber;
