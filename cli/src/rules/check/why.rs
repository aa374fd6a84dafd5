//! Why a rule does not find its example, in words.

use veilgate_redact::{Stopped, Trace};

use super::line;

/// Says which part of the rule stopped, and shows where.
pub(super) fn told(text: &str, trace: Trace, by_context: bool) -> String {
    let at = match trace.stopped {
        // It is the byte before that is wrong.
        Stopped::Before => trace.at.saturating_sub(1),
        Stopped::Placeholder => trace.value.unwrap_or(trace.at),
        _ => trace.at,
    };
    let lead = if by_context { "context" } else { "lead" };
    let byte = byte(text, at);
    let reason = match trace.stopped {
        Stopped::Start if trace.at == trace.from => {
            "it has nothing of the fixed bytes that the rule starts with".to_owned()
        }
        Stopped::Start => format!(
            "it does not have the fixed bytes that the rule starts with; what is most like them ends before byte {at}{byte}"
        ),
        Stopped::Word => format!(
            "what the rule starts with stands within a word at byte {at}, where nothing is found; it has to stand at the start of a word"
        ),
        Stopped::Before => format!("`before` does not allow byte {at}{byte}"),
        Stopped::Lead if by_context => format!(
            "`context` stops at byte {at}{byte}; behind the word there may be the rest of a name, then an operator (`:`, `=`, `=>`, `:=`, `>`) and a quote, or a word such as `key` or `token` and a blank"
        ),
        Stopped::Lead => format!("`{lead}` stops at byte {at}{byte}"),
        Stopped::Pattern => {
            let value = trace.value.unwrap_or(trace.from);
            format!(
                "`pattern` stops at byte {at}{byte}, {} bytes behind the start of the value",
                at.saturating_sub(value)
            )
        }
        Stopped::After => {
            format!("the value is complete, but `after` does not allow byte {at}{byte} behind it")
        }
        Stopped::Placeholder => format!(
            "the value at byte {at} says that it is a placeholder, and with `placeholders = false` that is none"
        ),
        Stopped::Nowhere => "the rule matches".to_owned(),
    };
    format!("{reason}\n{}", line::shown(text, &trace, at))
}

/// The byte at a place, for a message.
fn byte(text: &str, at: usize) -> String {
    match text.as_bytes().get(at) {
        None => ", the end of the text".to_owned(),
        Some(byte) => format!(" ({:?})", char::from(*byte)),
    }
}
