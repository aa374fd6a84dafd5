//! Reading JSON that may not be what it should be.

use serde_json::Value;

/// What is at a JSON pointer (RFC 6901), null when nothing is.
pub(super) fn at<'v>(value: &'v Value, pointer: &str) -> &'v Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// The string at a JSON pointer, empty when there is none.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    at(value, pointer).as_str().unwrap_or_default()
}
