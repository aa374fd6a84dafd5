//! Every case of `testdata/` and every example of a rule: the output is the expected one, and the same however the input is cut.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "to clippy the helpers of tests are no tests"
)]

mod cases;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use veilgate_redact::{
    Finding, Framing, Judge, Limits, MaskStyle, Masker, RedactError, Redactor, Scrubber, Treatment,
};

use cases::{Case, Mask, Stream};
use support::rules;

static CASES: LazyLock<Vec<Case>> =
    LazyLock::new(|| cases::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")));

/// Inputs up to this length are cut in two at every byte.
const EVERY_CUT: usize = 4096;

#[test]
fn every_case_comes_out_as_expected_wherever_it_is_cut() {
    let failures: Vec<String> = CASES
        .iter()
        .filter(|case| !case.is_pending())
        .filter_map(|case| check(case).err())
        .collect();
    assert!(
        failures.is_empty(),
        "{} of {} cases fail\n{}",
        failures.len(),
        CASES.len(),
        failures.join("\n")
    );
}

#[test]
fn what_is_pending_is_not_done_yet() {
    let done: Vec<&str> = CASES
        .iter()
        .filter(|case| case.is_pending() && check(case).is_ok())
        .map(|case| case.name.as_str())
        .collect();
    assert!(
        done.is_empty(),
        "these cases pass; take them out of the list of pending ones: {done:#?}"
    );
}

#[test]
fn every_example_of_a_rule_is_a_case() {
    for sample in rules().corpus() {
        let case = Case {
            name: format!("{}: {}", sample.kind, sample.text),
            stream: Stream::Body(cases::Framing::Plain),
            content_type: String::new(),
            input: sample.text.clone().into_bytes(),
            output: sample
                .text
                .replacen(&sample.secret, &format!("[REDACTED:{}]", sample.kind), 1)
                .into_bytes(),
            findings: Some(vec![sample.kind.clone()]),
            secrets: vec![sample.secret.into_bytes()],
            options: cases::Options::default(),
        };
        if let Err(failure) = check(&case) {
            panic!("{failure}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn any_cuts_give_the_same(nth in any::<prop::sample::Index>(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let case = nth.get(&CASES);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(case.input.len() + 1)).chain([0, case.input.len()]).collect();
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &case.input[pair[0]..pair[1]]);
        prop_assert_eq!(run(case, pieces), run(case, [case.input.as_slice()]), "{}", case.name);
    }
}

/// What a case comes to.
#[derive(Debug, PartialEq)]
struct Outcome {
    out: Vec<u8>,
    found: Vec<(String, u64, u64)>,
    result: Result<(), RedactError>,
}

fn check(case: &Case) -> Result<(), String> {
    let whole = run(case, [case.input.as_slice()]);
    let fail = |what: String| Err(format!("{}: {what}", case.name));
    if whole.out != case.output {
        return fail(format!(
            "the output differs\n    given:    {}\n    expected: {}\n    came:     {}",
            shown(&case.input),
            shown(&case.output),
            shown(&whole.out)
        ));
    }
    if whole.result.is_err() != case.options.fails {
        return fail(format!("it ended with {:?}", whole.result));
    }
    let kinds: Vec<&str> = whole.found.iter().map(|(kind, ..)| kind.as_str()).collect();
    if case
        .findings
        .as_ref()
        .is_some_and(|expected| *expected != kinds)
    {
        return fail(format!("found were {kinds:?}"));
    }
    for secret in case
        .secrets
        .iter()
        .filter(|_| case.options.reveal.is_empty())
    {
        if contains(&whole.out, secret) {
            return fail(format!("`{}` survives", shown(secret)));
        }
    }
    if is_json(case, &case.input) && !is_json(case, &whole.out) {
        return fail(format!(
            "the output is no JSON any more: {}",
            shown(&whole.out)
        ));
    }
    if !matches!(case.stream, Stream::Body(_)) {
        return Ok(());
    }
    if case.input.len() <= EVERY_CUT {
        for cut in 0..=case.input.len() {
            let (a, b) = case.input.split_at(cut);
            let cut_up = run(case, [a, b]);
            if cut_up != whole {
                return fail(format!("cut at {cut} it comes to {}", described(&cut_up)));
            }
        }
    }
    let bytewise = run(case, case.input.chunks(1));
    if bytewise != whole {
        return fail(format!("byte by byte it comes to {}", described(&bytewise)));
    }
    Ok(())
}

fn run<'a>(case: &Case, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let masker = masker(case);
    let mut judge = Answers {
        case,
        found: Vec::new(),
    };
    let mut out = Vec::new();
    let framing = match &case.stream {
        Stream::Body(_) => Framing::for_content_type(case.content_type.as_bytes(), false)
            .unwrap_or_else(|| panic!("{}: nothing can be read in this content type", case.name)),
        Stream::Header(name) => {
            let value = pieces.into_iter().collect::<Vec<_>>().concat();
            let scrubber = Scrubber::new(rules(), &masker);
            let scrubbed = scrubber.header(name.as_bytes(), &value, &mut judge);
            return Outcome::of_value(value, scrubbed, judge);
        }
        Stream::Target => {
            let value = pieces.into_iter().collect::<Vec<_>>().concat();
            let scrubbed = Scrubber::new(rules(), &masker).target(&value, &mut judge);
            return Outcome::of_value(value, scrubbed, judge);
        }
    };
    let limits = Limits::default();
    let mut redactor = Redactor::new(Arc::clone(rules()), Arc::new(masker), framing, limits);
    let mut result = Ok(());
    for piece in pieces {
        result = result.and_then(|()| redactor.write(piece, &mut judge, &mut out));
        assert!(
            redactor.held() <= limits.held + 1,
            "{} are held",
            redactor.held()
        );
    }
    result = result.and_then(|()| redactor.end(&mut judge, &mut out));
    Outcome {
        out,
        found: judge.found,
        result,
    }
}

impl Outcome {
    fn of_value(
        value: Vec<u8>,
        scrubbed: Result<Option<Vec<u8>>, RedactError>,
        judge: Answers<'_>,
    ) -> Self {
        let (out, result) = match scrubbed {
            Ok(out) => (out.unwrap_or(value), Ok(())),
            Err(error) => (Vec::new(), Err(error)),
        };
        Self {
            out,
            found: judge.found,
            result,
        }
    }
}

struct Answers<'c> {
    case: &'c Case,
    found: Vec<(String, u64, u64)>,
}

impl Judge for Answers<'_> {
    fn treat(&mut self, finding: &Finding<'_>) -> Treatment {
        let kind = finding.kind.to_owned();
        let options = &self.case.options;
        let treatment = if options.block.contains(&kind) {
            Treatment::Block
        } else if options.reveal.contains(&kind) {
            Treatment::Reveal
        } else {
            Treatment::Mask
        };
        self.found.push((kind, finding.offset, finding.length));
        treatment
    }
}

fn masker(case: &Case) -> Masker {
    let style = match &case.options.mask {
        Mask::Label => MaskStyle::Label,
        Mask::SameLength => MaskStyle::SameLength,
        Mask::KeepLast4 => MaskStyle::KeepLast4,
        Mask::Fixed(text) => MaskStyle::Fixed(text.clone()),
    };
    Masker::new(style, case.options.key.as_deref().map(str::as_bytes))
}

/// Whether the bytes are what the media type of a JSON case promises.
fn is_json(case: &Case, bytes: &[u8]) -> bool {
    let parses = |bytes| serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok();
    match case.content_type.as_str() {
        "application/json" => parses(bytes),
        "application/x-ndjson" => bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.trim_ascii().is_empty())
            .all(parses),
        _ => false,
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len().max(1)).any(|window| window == part)
}

fn described(outcome: &Outcome) -> String {
    format!(
        "{}, {:?}, found {:?}",
        shown(&outcome.out),
        outcome.result,
        outcome.found
    )
}

fn shown(bytes: &[u8]) -> String {
    let (head, dots) = match bytes.get(..600) {
        Some(head) => (head, "..."),
        None => (bytes, ""),
    };
    format!("{}{dots}", head.escape_ascii())
}
