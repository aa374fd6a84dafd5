//! The content of a part.

use crate::scrub::Carrier;
use crate::{Check, Confidence, Finding, Masker, RedactError, Rule, RuleId, Treatment};

use crate::framing::Sink;

use super::encoded::Encoded;

/// What becomes of the bytes of a part.
pub(super) enum Content {
    /// They are a text.
    Text,
    /// They are a text in base64.
    Encoded(Box<Encoded>),
    /// They pass unread.
    Unread,
    /// The part's name says that they are a credential. Nobody was asked yet, for there may be none; what they are otherwise.
    Secret(Box<Secret>, Box<Content>),
    /// They are masked: each of them by this byte, or all by a mask that was set.
    Masked { by: Option<u8> },
}

/// A part that is a credential by its name, or by that of its file.
pub(super) struct Secret {
    kind: String,
    category: String,
    confidence: Confidence,
    rule: RuleId,
    name: String,
}

impl Secret {
    pub(super) fn of_field(id: RuleId, rule: &Rule, name: &[u8]) -> Self {
        Self {
            kind: rule.kind().to_owned(),
            category: rule.category().to_owned(),
            confidence: rule.confidence(),
            rule: id,
            name: String::from_utf8_lossy(name).into_owned(),
        }
    }

    pub(super) fn of_file(carrier: &Carrier, name: &[u8]) -> Self {
        Self {
            kind: carrier.kind().to_owned(),
            category: carrier.category().to_owned(),
            confidence: Confidence::High,
            rule: RuleId::CARRIER,
            name: String::from_utf8_lossy(name).into_owned(),
        }
    }
}

impl Content {
    pub(super) fn write(
        &mut self,
        sink: &mut Sink<'_>,
        masker: &Masker,
        bytes: &[u8],
    ) -> Result<(), RedactError> {
        if bytes.is_empty() {
            return Ok(());
        }
        match self {
            Self::Text => sink.write(bytes),
            Self::Encoded(encoded) => encoded.write(sink, bytes),
            Self::Unread => sink.pass(bytes),
            Self::Masked { by } => {
                if let Some(by) = *by {
                    let masked = bytes.iter().map(|byte| {
                        // What wraps base64 stays.
                        let wraps = matches!(byte, b'\r' | b'\n' | b'=') && by != b'*';
                        if wraps { *byte } else { by }
                    });
                    sink.put(|out| out.extend(masked));
                }
                sink.skip(bytes.len())
            }
            Self::Secret(secret, otherwise) => {
                *self = match secret.treat(sink)? {
                    Treatment::Reveal => std::mem::replace(otherwise, Self::Text),
                    _ => secret.mask(sink, masker, matches!(**otherwise, Self::Encoded(_))),
                };
                self.write(sink, masker, bytes)
            }
        }
    }

    /// The part ends here.
    pub(super) fn end(&mut self, sink: &mut Sink<'_>) -> Result<(), RedactError> {
        match self {
            Self::Encoded(encoded) => encoded.end(sink),
            _ => Ok(()),
        }
    }

    /// Bytes kept beside the scanner.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Encoded(encoded) => encoded.held(),
            _ => 0,
        }
    }
}

impl Secret {
    /// Asks about it, before its value is read: of a value without a known end neither length nor fingerprint can be told.
    fn treat(&self, sink: &mut Sink<'_>) -> Result<Treatment, RedactError> {
        let treatment = sink.judge.treat(&Finding {
            kind: &self.kind,
            category: &self.category,
            confidence: self.confidence,
            check: Check::Unknown,
            rule: self.rule,
            offset: *sink.offset,
            length: 0,
            fingerprint: None,
            carrier: Some(&self.name),
        });
        if treatment == Treatment::Block {
            return Err(RedactError::Blocked {
                kind: self.kind.clone(),
            });
        }
        Ok(treatment)
    }

    fn mask(&self, sink: &mut Sink<'_>, masker: &Masker, encoded: bool) -> Content {
        let mut mask = Vec::new();
        if masker.keeps_length() {
            let by = if encoded { b'A' } else { b'*' };
            return Content::Masked { by: Some(by) };
        }
        masker.mask_unseen(&self.kind, &mut mask);
        if encoded {
            mask = crate::base64::encode(&mask);
            mask.resize(mask.len().next_multiple_of(4), b'=');
        }
        sink.put(|out| out.extend(mask));
        Content::Masked { by: None }
    }
}
