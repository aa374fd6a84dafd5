//! What an exchange has seen: the source of its audit record and its metrics. Holds kinds, counts and keyed
//! fingerprints, never a value.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use veilgate_redact::Finding;

use crate::step::Direction;

/// Where in a message a credential was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Place {
    Header,
    Body,
    Trailer,
    Target,
}

/// What was done with a credential, or would be in shadow mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Treated {
    Masked,
    /// The upstream got it; log fields show a mask.
    MaskedInLog,
    Revealed,
    /// The configuration says that it is none.
    Allowed,
    Blocked,
}

impl Treated {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Treated::Masked => "masked",
            Treated::MaskedInLog => "masked-in-log",
            Treated::Revealed => "revealed",
            Treated::Allowed => "allowed",
            Treated::Blocked => "blocked",
        }
    }
}

/// At most this many fingerprints or pointers are kept per line of the ledger; counts go on.
const KEPT: usize = 16;

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// The last part of the key says why, of what was allowed.
    credentials: BTreeMap<(String, Direction, Place, Treated, Option<String>), Line>,
    fields_masked: BTreeSet<String>,
    fields_masked_count: u64,
    fields_revealed_count: u64,
    skipped: BTreeSet<(Direction, &'static str)>,
    decoded: BTreeSet<(Direction, &'static str)>,
    scanned: [u64; 2],
}

#[derive(Debug, Default)]
struct Line {
    category: String,
    count: u64,
    fingerprints: BTreeSet<String>,
}

/// One line of the audit record's `redactions`.
#[derive(Debug, Serialize)]
pub(crate) struct Redaction<'l> {
    pub(crate) kind: &'l str,
    pub(crate) category: &'l str,
    pub(crate) direction: &'static str,
    pub(crate) place: Place,
    pub(crate) action: Treated,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'l str>,
    pub(crate) count: u64,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) fingerprints: &'l BTreeSet<String>,
}

/// The audit record's `fields`: members of a guarded secret.
#[derive(Debug, Serialize)]
pub(crate) struct Fields<'l> {
    pub(crate) masked: u64,
    pub(crate) revealed: u64,
    /// JSON pointers of what was masked, the first ones.
    pub(crate) pointers: &'l BTreeSet<String>,
}

/// One line of the audit record's `skipped`.
#[derive(Debug, Serialize)]
pub(crate) struct Skipped {
    pub(crate) direction: &'static str,
    pub(crate) reason: &'static str,
}

/// One line of the audit record's `decoded`.
#[derive(Debug, Serialize)]
pub(crate) struct Decoded {
    pub(crate) direction: &'static str,
    pub(crate) coding: &'static str,
}

impl Ledger {
    pub(crate) fn credential(
        &mut self,
        finding: &Finding<'_>,
        direction: Direction,
        place: Place,
        treated: Treated,
        reason: Option<&str>,
    ) {
        let reason = reason.map(str::to_owned);
        let line = self
            .credentials
            .entry((finding.kind.to_owned(), direction, place, treated, reason))
            .or_default();
        line.count += 1;
        if line.category.is_empty() {
            line.category = finding.category.to_owned();
        }
        if let Some(fingerprint) = finding.fingerprint
            && line.fingerprints.len() < KEPT
        {
            line.fingerprints.insert(fingerprint.to_string());
        }
    }

    pub(crate) fn field_revealed(&mut self) {
        self.fields_revealed_count += 1;
    }

    /// `pointer` is what records may show of the field's pointer; it is asked for while there is room.
    pub(crate) fn field_masked(&mut self, pointer: impl FnOnce() -> String) {
        self.fields_masked_count += 1;
        if self.fields_masked.len() < KEPT {
            self.fields_masked.insert(pointer());
        }
    }

    pub(crate) fn skip(&mut self, direction: Direction, reason: &'static str) {
        self.skipped.insert((direction, reason));
    }

    /// A body is taken out of this coding.
    pub(crate) fn decoded(&mut self, direction: Direction, coding: &'static str) {
        self.decoded.insert((direction, coding));
    }

    pub(crate) fn scanned(&mut self, direction: Direction, bytes: usize) {
        let [request, response] = &mut self.scanned;
        let total = if direction == Direction::Request {
            request
        } else {
            response
        };
        *total = total.saturating_add(bytes as u64);
    }

    pub(crate) fn redactions(&self) -> Vec<Redaction<'_>> {
        self.credentials
            .iter()
            .map(
                |((kind, direction, place, treated, reason), line)| Redaction {
                    kind,
                    category: &line.category,
                    direction: direction.name(),
                    place: *place,
                    action: *treated,
                    reason: reason.as_deref(),
                    count: line.count,
                    fingerprints: &line.fingerprints,
                },
            )
            .collect()
    }

    pub(crate) fn fields(&self) -> Option<Fields<'_>> {
        (self.fields_masked_count + self.fields_revealed_count > 0).then_some(Fields {
            masked: self.fields_masked_count,
            revealed: self.fields_revealed_count,
            pointers: &self.fields_masked,
        })
    }

    pub(crate) fn skips(&self) -> Vec<Skipped> {
        self.skipped
            .iter()
            .map(|(direction, reason)| Skipped {
                direction: direction.name(),
                reason,
            })
            .collect()
    }

    pub(crate) fn codings(&self) -> Vec<Decoded> {
        self.decoded
            .iter()
            .map(|(direction, coding)| Decoded {
                direction: direction.name(),
                coding,
            })
            .collect()
    }

    /// Bytes inspected: towards the upstream, towards the client.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let [request, response] = self.scanned;
        (request, response)
    }

    /// Whether anything was found or could not be looked at.
    pub(crate) fn is_empty(&self) -> bool {
        self.credentials.is_empty() && self.fields().is_none() && self.skipped.is_empty()
    }
}
