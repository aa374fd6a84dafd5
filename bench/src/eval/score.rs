//! What counts as found, and what comes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use veilgate_redact::{Finding, Framing, Judge, Limits, Masker, Redactor, RuleSet, Treatment};

use super::row::Row;

pub(crate) struct Engine {
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) masker: Arc<Masker>,
}

/// What became of one text.
pub(crate) struct Redacted {
    pub(crate) out: Vec<u8>,
    /// Kind and offset of each finding.
    pub(crate) found: Vec<(String, u64)>,
}

#[derive(Default)]
struct Record(Vec<(String, u64)>);

impl Judge for Record {
    fn treat(&mut self, finding: &Finding<'_>) -> Treatment {
        self.0.push((finding.kind.to_owned(), finding.offset));
        Treatment::Mask
    }
}

impl Engine {
    pub(crate) fn redact(&self, framing: Framing, pieces: &[&[u8]]) -> Redacted {
        let (rules, masker) = (Arc::clone(&self.rules), Arc::clone(&self.masker));
        let mut redactor = Redactor::new(rules, masker, framing, Limits::default());
        let (mut judge, mut out) = (Record::default(), Vec::new());
        let mut result = Ok(());
        for piece in pieces {
            result = result.and_then(|()| redactor.write(piece, &mut judge, &mut out));
        }
        // What is cut short shows nothing.
        let _ = result.and_then(|()| redactor.end(&mut judge, &mut out));
        Redacted {
            out,
            found: judge.0,
        }
    }

    pub(crate) fn whole(&self, text: &str) -> Redacted {
        self.redact(Framing::Plain, &[text.as_bytes()])
    }

    /// Whether the bytes of the secret are gone, or where it is not known anything was found; none where nothing should be.
    pub(crate) fn masks(&self, row: &Row) -> Option<bool> {
        if !row.is_match() {
            return None;
        }
        let redacted = self.whole(&row.text);
        let gone = row.is_gone(&redacted.out);
        Some(gone.unwrap_or(!redacted.found.is_empty()))
    }
}

pub(crate) fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Recall by rule, each of the same weight.
#[derive(Default)]
pub(crate) struct Macro(BTreeMap<String, (usize, usize)>);

impl Macro {
    pub(crate) fn of(rows: &[Row], is_found: impl Fn(&Row) -> Option<bool>) -> Self {
        let mut by_rule = Self::default();
        for row in rows {
            if let Some(found) = is_found(row) {
                let (count, of) = by_rule.0.entry(row.rule_id.clone()).or_default();
                *count += usize::from(found);
                *of += 1;
            }
        }
        by_rule
    }

    /// The rules of which something was missed.
    pub(crate) fn missed(&self) -> String {
        let missed = self.0.iter().filter(|(_, (found, of))| found < of);
        missed
            .map(|(rule, (found, of))| format!("        {found:>4} of {of:<4} {rule}\n"))
            .collect()
    }
}

impl fmt::Display for Macro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratios = self.0.values().map(|(found, of)| ratio(*found, *of));
        let recall = ratios.sum::<f64>() / to_float(self.0.len().max(1));
        let texts: usize = self.0.values().map(|(_, of)| of).sum();
        write!(f, "{recall:.3} ({} rules, {texts} texts)", self.0.len())
    }
}

/// Recall and precision on texts that were labelled one by one.
#[derive(Default)]
pub(crate) struct Labelled {
    /// Of secrets: found, all.
    core: (usize, usize),
    /// The same of HTTP traffic.
    http: (usize, usize),
    /// True texts and false ones with a finding.
    hits: (usize, usize),
}

impl Labelled {
    pub(crate) fn of(engine: &Engine, rows: &[Row]) -> Self {
        let mut labelled = Self::default();
        for row in rows {
            let any = !engine.whole(&row.text).found.is_empty();
            match row.label.as_deref() {
                Some("T") => {
                    labelled.hits.0 += usize::from(any);
                    if row.kind.is_none() {
                        let found = usize::from(engine.masks(row) == Some(true));
                        labelled.core.0 += found;
                        labelled.core.1 += 1;
                        if row.http {
                            labelled.http.0 += found;
                            labelled.http.1 += 1;
                        }
                    }
                }
                Some("F") => labelled.hits.1 += usize::from(any),
                _ => {}
            }
        }
        labelled
    }
}

impl fmt::Display for Labelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (core, http, hits) = (self.core, self.http, self.hits);
        writeln!(
            f,
            "creddata-dev: recall {:.3} ({} of {}), of HTTP {:.3} ({} of {}), precision {:.3} ({} true, {} false)",
            ratio(core.0, core.1),
            core.0,
            core.1,
            ratio(http.0, http.1),
            http.0,
            http.1,
            ratio(hits.0, hits.0 + hits.1),
            hits.0,
            hits.1
        )
    }
}

/// By category: what was missed, and by kind what was found by mistake.
pub(crate) fn list_labelled(engine: &Engine, rows: &[Row]) -> String {
    let core: Vec<Row> = rows
        .iter()
        .filter(|row| row.label.as_deref() == Some("T") && row.kind.is_none())
        .cloned()
        .collect();
    let missed = Macro::of(&core, |row| engine.masks(row)).missed();
    let mut mistakes: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.label.as_deref() == Some("F")) {
        for (kind, _) in engine.whole(&row.text).found {
            *mistakes.entry((kind, row.rule_id.clone())).or_default() += 1;
        }
    }
    let mistakes = mistakes
        .iter()
        .map(|((kind, rule), count)| format!("        {count:>4} false: {kind} in {rule}\n"));
    missed + &mistakes.collect::<String>()
}

/// Findings where nothing should be found.
pub(crate) struct Alarms {
    lines: BTreeSet<(usize, usize)>,
    kinds: BTreeMap<String, usize>,
    bytes: usize,
}

pub(crate) fn false_alarms(engine: &Engine, rows: &[Row]) -> Alarms {
    let mut alarms = Alarms {
        lines: BTreeSet::new(),
        kinds: BTreeMap::new(),
        bytes: 0,
    };
    for (nth, row) in rows.iter().enumerate() {
        alarms.bytes += row.text.len();
        for (kind, offset) in engine.whole(&row.text).found {
            let before = row
                .text
                .as_bytes()
                .iter()
                .take(usize::try_from(offset).unwrap_or(0));
            let line = before.filter(|byte| **byte == b'\n').count();
            alarms.lines.insert((nth, line));
            *alarms.kinds.entry(kind).or_default() += 1;
        }
    }
    alarms
}

impl Alarms {
    pub(crate) fn kinds(&self) -> String {
        let kinds = self.kinds.iter();
        kinds
            .map(|(kind, count)| format!("        {count:>4} {kind}\n"))
            .collect()
    }
}

impl fmt::Display for Alarms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lines, mb) = (self.lines.len(), to_float(self.bytes) / 1e6);
        writeln!(
            f,
            "clean-json-api: {:.2} false alarms per MB ({lines} lines in {mb:.1} MB)",
            to_float(lines) / mb
        )
    }
}

fn ratio(part: usize, of: usize) -> f64 {
    to_float(part) / to_float(of.max(1))
}

#[expect(clippy::cast_precision_loss, reason = "counts of texts and bytes")]
fn to_float(count: usize) -> f64 {
    count as f64
}
