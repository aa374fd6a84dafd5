//! The binary metadata of gRPC: headers whose names end in `-bin`, messages in base64.
//!
//! `grpc-status-details-bin` repeats, as a message, what an error says in clear, so a mask in one and not in the other hides nothing.

use std::sync::Arc;

use crate::base64;
use crate::framing::{Message, Sink};
use crate::scan::{Scanner, Strictness};
use crate::{Judge, Limits, Masker, RedactError, RuleSet};

/// The value with the credentials in its messages masked in their length; none if there are none. What is not base64 stays as it is.
pub(super) fn masked(
    rules: &Arc<RuleSet>,
    masker: &Masker,
    value: &[u8],
    judge: &mut dyn Judge,
) -> Result<Option<Vec<u8>>, RedactError> {
    let (mut out, mut changed) = (Vec::with_capacity(value.len()), false);
    // Headers of one name may have been joined to a list.
    for (index, part) in value.split(|byte| *byte == b',').enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let message = base64::decode(part.trim_ascii());
        let masked = match &message {
            Some(message) => mask(rules, masker, message, judge)?,
            None => None,
        };
        match masked {
            Some(masked) => {
                out.extend(base64::encode(&masked));
                changed = true;
            }
            None => out.extend_from_slice(part),
        }
    }
    Ok(changed.then_some(out))
}

/// Whether all of the value is base64.
pub(super) fn is_base64(value: &[u8]) -> bool {
    let mut parts = value.split(|byte| *byte == b',');
    parts.all(|part| base64::decode(part.trim_ascii()).is_some())
}

fn mask(
    rules: &Arc<RuleSet>,
    masker: &Masker,
    message: &[u8],
    judge: &mut dyn Judge,
) -> Result<Option<Vec<u8>>, RedactError> {
    let limits = Limits {
        held: message.len() + 1,
        ..Limits::default()
    };
    let mut scanner = Scanner::new(
        Arc::clone(rules),
        Arc::new(masker.clone()),
        limits,
        Strictness::Field,
    );
    let mut out = Vec::with_capacity(message.len());
    let mut sink = Sink {
        scanner: &mut scanner,
        judge,
        out: &mut out,
        offset: &mut 0,
    };
    Message::new(message.len() as u64).write(&mut sink, message)?;
    sink.flush()?;
    Ok((out != message).then_some(out))
}
