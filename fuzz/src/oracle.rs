//! What must be true of every output.

use std::sync::{Arc, LazyLock};

use veilgate_redact::{
    Finding, Framing, Judge, Limits, MaskStyle, Masker, OnLimit, RedactError, Redactor, RuleSet, Treatment,
};

use crate::{Input, Planted};

static RULES: LazyLock<Arc<RuleSet>> =
    LazyLock::new(|| Arc::new(RuleSet::builtin().expect("the shipped rules compile")));
static MASKER: LazyLock<Arc<Masker>> =
    LazyLock::new(|| Arc::new(Masker::new(MaskStyle::Label, None)));

/// The shipped rules.
pub fn rules() -> &'static Arc<RuleSet> {
    &RULES
}

/// Labels without marks.
pub fn masker() -> &'static Arc<Masker> {
    &MASKER
}

/// What a stream comes to.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    pub out: Vec<u8>,
    /// Kind, offset, length.
    pub found: Vec<(String, u64, u64)>,
    /// Messages that passed unread, because the framing allows it.
    pub uninspected: usize,
    pub result: Result<(), RedactError>,
}

#[derive(Default)]
struct Record {
    found: Vec<(String, u64, u64)>,
    uninspected: usize,
}

impl Judge for Record {
    fn treat(&mut self, finding: &Finding<'_>) -> Treatment {
        self.found
            .push((finding.kind.to_owned(), finding.offset, finding.length));
        Treatment::Mask
    }

    fn uninspected(&mut self) {
        self.uninspected += 1;
    }
}

/// No mask is longer: brackets, the longest kind, and a mark.
const LONGEST_MASK: usize = 80;

/// Redacts these pieces under the shipped rules; bounds on memory and output are checked after each.
pub fn run(framing: &Framing, pieces: &[&[u8]]) -> Outcome {
    run_with(rules(), framing, Limits::default(), pieces)
}

/// Redacts these pieces under these rules and limits.
pub fn run_with(
    rules: &Arc<RuleSet>,
    framing: &Framing,
    limits: Limits,
    pieces: &[&[u8]],
) -> Outcome {
    let mut redactor = Redactor::new(
        Arc::clone(rules),
        Arc::clone(masker()),
        framing.clone(),
        limits,
    );
    let (mut judge, mut out, mut given) = (Record::default(), Vec::new(), 0);
    let mut result = Ok(());
    for piece in pieces {
        result = redactor.write(piece, &mut judge, &mut out);
        given += piece.len();
        assert!(redactor.held() <= limits.held + 1, "too much is held");
        assert!(redactor.held() <= given + 1, "more is held than was given");
        if result.is_err() {
            break;
        }
    }
    if result.is_ok() {
        result = redactor.end(&mut judge, &mut out);
    }
    if result.is_ok() {
        assert_eq!(redactor.held(), 0, "something is held at the end");
    }
    // Fields of a secret are masked without a finding, and base64 is written anew.
    let rewrites = matches!(
        framing,
        Framing::Fields { .. } | Framing::GrpcWebText { .. } | Framing::Multipart { .. }
    );
    let slack = if rewrites { 4 * given + 16 } else { 0 };
    assert!(
        out.len() <= given + judge.found.len() * LONGEST_MASK + slack,
        "{given} bytes became {}",
        out.len()
    );
    if judge.found.is_empty() && result.is_ok() && !rewrites {
        assert_eq!(
            out,
            pieces.concat(),
            "nothing was found, and yet bytes changed"
        );
    }
    Outcome {
        out,
        found: judge.found,
        uninspected: judge.uninspected,
        result,
    }
}

/// Redacts a body whole, in the pieces of the input, and byte by byte where it is short: all the same. Returns what it comes to.
pub fn check_stream(input: &Input, framing: &Framing, body: &[u8]) -> Outcome {
    check_stream_within(Limits::default(), input, framing, body)
}

/// The same within these limits.
pub fn check_stream_within(
    limits: Limits,
    input: &Input,
    framing: &Framing,
    body: &[u8],
) -> Outcome {
    let run = |pieces: &[&[u8]]| run_with(rules(), framing, limits, pieces);
    let whole = run(&[body]);
    let pieces = run(&input.pieces(body));
    assert_eq!(pieces, whole, "cut up it comes to something else");
    if body.len() <= 512 {
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(
            run(&bytes),
            whole,
            "byte by byte it comes to something else"
        );
    }
    let passes = limits.on_limit == OnLimit::PassThrough;
    if whole.result.is_ok() && whole.uninspected == 0 && !passes {
        assert_survives_nothing(&input.planted, body, &whole.out);
    }
    whole
}

/// Each of these texts, one after the other a stream, goes out with its end, and comes to what it would come to alone.
///
/// `ends` tells whether a text has its end.
pub fn assert_each_alone(
    framing: &Framing,
    texts: &[&[u8]],
    ends: impl Fn(&[u8]) -> bool,
    whole: &Outcome,
) {
    let (rules, masker) = (Arc::clone(rules()), Arc::clone(masker()));
    let mut redactor = Redactor::new(rules, masker, framing.clone(), Limits::default());
    let (mut out, mut alone) = (Vec::new(), Vec::new());
    for text in texts {
        let written = redactor.write(text, &mut Record::default(), &mut out);
        assert_eq!(written, Ok(()));
        assert!(
            !ends(text) || redactor.held() == 0,
            "a text waits for the next one"
        );
        alone.extend(run(framing, &[text]).out);
    }
    assert_eq!(alone, whole.out, "a text depends on the one before it");
}

/// No planted credential is in the output, neither in clear nor as it was written.
///
/// The fuzzer watches these comparisons and learns to write a credential where nothing tells what it is, so copies of it are counted.
pub fn assert_survives_nothing(planted: &[Planted], given: &[u8], out: &[u8]) {
    for Planted {
        kind,
        encoding,
        secrets,
        ..
    } in planted
    {
        for secret in secrets {
            let copies = planted
                .iter()
                .filter(|other| other.secrets.contains(secret))
                .count();
            assert!(
                count(out, secret) <= count(given, secret).saturating_sub(copies),
                "{kind} as {encoding:?} survives: {} -> {}",
                given.escape_ascii(),
                out.escape_ascii()
            );
        }
    }
}

fn count(text: &[u8], part: &[u8]) -> usize {
    memchr::memmem::find_iter(text, part).count()
}
