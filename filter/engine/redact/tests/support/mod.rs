//! What the tests of this crate share.
#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::panic,
    reason = "each test binary uses its own part"
)]

use std::sync::{Arc, LazyLock};

use veilgate_redact::{
    Finding, Framing, Judge, Limits, MaskStyle, Masker, RedactError, Redactor, RuleSet, Treatment,
};

static RULES: LazyLock<Arc<RuleSet>> =
    LazyLock::new(|| Arc::new(RuleSet::builtin().unwrap_or_else(|error| panic!("{error}"))));

pub(crate) fn rules() -> &'static Arc<RuleSet> {
    &RULES
}

/// Rules of a test's own.
pub(crate) fn ruleset(text: &str) -> Arc<RuleSet> {
    let built = RuleSet::builder()
        .rules("test.toml", text)
        .and_then(veilgate_redact::RuleSetBuilder::build);
    Arc::new(built.unwrap_or_else(|error| panic!("{error}")))
}

pub(crate) fn masker() -> Arc<Masker> {
    Arc::new(Masker::new(MaskStyle::Label, None))
}

/// Remembers what it was asked, and answers by kind or pointer.
#[derive(Default)]
pub(crate) struct Answers {
    pub(crate) asked: Vec<String>,
    pub(crate) reveal: Vec<&'static str>,
    pub(crate) block: Vec<&'static str>,
}

impl Answers {
    pub(crate) fn revealing(names: &[&'static str]) -> Self {
        Self {
            reveal: names.to_vec(),
            ..Self::default()
        }
    }

    fn answer(&self, name: &str) -> Treatment {
        if self.block.contains(&name) {
            return Treatment::Block;
        }
        if self.reveal.contains(&name) {
            Treatment::Reveal
        } else {
            Treatment::Mask
        }
    }
}

impl Judge for Answers {
    fn treat(&mut self, finding: &Finding<'_>) -> Treatment {
        self.asked.push(format!(
            "{} {}+{}",
            finding.kind, finding.offset, finding.length
        ));
        self.answer(finding.kind)
    }

    fn field(&mut self, pointer: &str) -> Treatment {
        self.asked.push(pointer.to_owned());
        self.answer(pointer)
    }
}

/// What came out, what was asked, and how it ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) out: Vec<u8>,
    pub(crate) asked: Vec<String>,
    pub(crate) result: Result<(), RedactError>,
}

impl Outcome {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }
}

pub(crate) struct Setup {
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) masker: Arc<Masker>,
    pub(crate) framing: Framing,
    pub(crate) limits: Limits,
    pub(crate) reveal: Vec<&'static str>,
}

impl Setup {
    pub(crate) fn new(framing: Framing) -> Self {
        Self {
            rules: Arc::clone(rules()),
            masker: masker(),
            framing,
            limits: Limits::default(),
            reveal: Vec::new(),
        }
    }

    pub(crate) fn plain() -> Self {
        Self::new(Framing::Plain)
    }

    pub(crate) fn redactor(&self) -> Redactor {
        Redactor::new(
            Arc::clone(&self.rules),
            Arc::clone(&self.masker),
            self.framing.clone(),
            self.limits,
        )
    }

    pub(crate) fn run<'a>(&self, chunks: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
        let (mut judge, mut out, mut redactor) = (
            Answers::revealing(&self.reveal),
            Vec::new(),
            self.redactor(),
        );
        let mut result = Ok(());
        for chunk in chunks {
            result = result.and_then(|()| redactor.write(chunk, &mut judge, &mut out));
        }
        result = result.and_then(|()| redactor.end(&mut judge, &mut out));
        if result.is_ok() {
            assert_eq!(redactor.held(), 0, "all is out at the end");
        }
        Outcome {
            out,
            asked: judge.asked,
            result,
        }
    }

    pub(crate) fn whole(&self, text: impl AsRef<[u8]>) -> Outcome {
        self.run([text.as_ref()])
    }

    /// The law of this crate, for one text: however it is cut, the same comes out.
    pub(crate) fn assert_same_at_every_cut(&self, text: &[u8]) {
        let whole = self.whole(text);
        for cut in 0..=text.len() {
            let (a, b) = text.split_at(cut);
            assert_eq!(
                self.run([a, b]),
                whole,
                "cut at {cut} of {:?}",
                String::from_utf8_lossy(text)
            );
        }
        assert_eq!(
            self.run(text.chunks(1)),
            whole,
            "byte by byte: {:?}",
            String::from_utf8_lossy(text)
        );
    }
}
