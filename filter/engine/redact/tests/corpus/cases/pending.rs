//! What the engine cannot do yet.

/// Cases whose output is not yet the one they name. The test wants each of them to fail, so the list can only shrink.
pub(crate) const PENDING: &[&str] = &[
    "adversarial/a key within a key",
    "adversarial/an escaped backslash before an escape",
    "form/a password in the JSON in a form",
    "json/a PEM key with its line feeds as unicode escapes",
    "json/a PEM key, every byte a unicode escape",
    "xml/JSON in HTML with quotes as entities",
    "ndjson/an object under a name that a line breaks off",
];
