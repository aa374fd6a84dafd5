//! Compares what was seen with what a scenario expects. Every difference is one line.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::lab::client::Response;
use crate::lab::decode;
use crate::lab::upstream::Seen;
use crate::lab::wire::{End, Fields, field, find};

use super::format::{Expect, SeenExpect};
use super::vars::Vars;

/// Collects differences.
pub(super) struct Differences<'a> {
    vars: &'a Vars<'a>,
    found: Vec<String>,
}

/// A mistake in a scenario that runs a thousand times would otherwise fill the screen.
const MOST_DIFFERENCES: usize = 10;

/// What is expected of a body, wherever it was seen.
struct BodyExpect<'e> {
    exact: Option<&'e String>,
    contains: &'e [String],
    lacks: &'e [String],
    length: Option<usize>,
}

/// A body as its `content-encoding` decodes, where that is asked for.
fn decoded<'b>(asked: bool, headers: &Fields, body: &'b [u8]) -> anyhow::Result<Cow<'b, [u8]>> {
    match field(headers, "content-encoding") {
        Some(codings) if asked => Ok(decode(&String::from_utf8_lossy(codings), body)?.into()),
        _ => Ok(body.into()),
    }
}

impl<'a> Differences<'a> {
    pub(super) fn new(vars: &'a Vars<'a>) -> Self {
        Self {
            vars,
            found: Vec::new(),
        }
    }

    /// The differences, and where there are many, how many more there were.
    pub(super) fn into_found(mut self) -> Vec<String> {
        let more = self.found.len().saturating_sub(MOST_DIFFERENCES);
        self.found.truncate(MOST_DIFFERENCES);
        if more > 0 {
            self.found.push(format!("and {more} more"));
        }
        self.found
    }

    pub(super) fn response(&mut self, expect: &Expect, response: &Response) -> anyhow::Result<()> {
        self.end(
            "the response",
            expect.end.as_deref().unwrap_or("complete"),
            &response.end,
        )?;
        if let Some(status) = expect.status
            && status != response.status
        {
            self.add(format!(
                "status {} instead of {status}, body `{}`",
                response.status,
                shown(&response.body)
            ));
        }
        if let Some(interim) = &expect.interim
            && *interim != response.interim
        {
            self.add(format!(
                "informational responses {:?} instead of {interim:?}",
                response.interim
            ));
        }
        self.fields("response header", &expect.headers, &response.headers)?;
        self.fields("response trailer", &expect.trailers, &response.trailers)?;
        let body = BodyExpect {
            exact: expect.body.as_ref(),
            contains: &expect.body_contains,
            lacks: &expect.body_lacks,
            length: expect.body_length,
        };
        let found = decoded(expect.decoded, &response.headers, &response.body)?;
        self.body("the response body", &body, &found)?;
        if let Some(messages) = &expect.body_grpc {
            let messages = messages
                .iter()
                .map(|message| self.vars.bytes(message))
                .collect::<Result<Vec<_>, _>>()?;
            match grpc_messages(&found) {
                Some(found) if found == messages => {}
                Some(found) => {
                    let found: Vec<_> = found.iter().map(|message| shown(message)).collect();
                    self.add(format!("gRPC messages {found:?}"));
                }
                None => self.add(format!(
                    "gRPC frames that do not add up: `{}`",
                    shown(&found)
                )),
            }
        }
        if expect.body_json.is_some() || expect.body_json_has.is_some() {
            match serde_json::from_slice::<Value>(&found) {
                Err(error) => self.add(format!(
                    "the response body is not JSON ({error}): `{}`",
                    shown(&found)
                )),
                Ok(found) => {
                    if let Some(exact) = &expect.body_json
                        && self.vars.json(exact)? != found
                    {
                        self.add(format!("the response body is {found}"));
                    }
                    self.json("the response body", expect.body_json_has.as_ref(), &found)?;
                }
            }
        }
        if !response.excess.is_empty() {
            self.add(format!(
                "bytes after the end of the response: `{}`",
                shown(&response.excess)
            ));
        }
        Ok(())
    }

    pub(super) fn seen(&mut self, expect: &SeenExpect, seen: &[Seen]) -> anyhow::Result<()> {
        for request in seen {
            for (what, expected, found) in [
                ("method", &expect.method, &request.method),
                ("target", &expect.target, &request.target),
            ] {
                if let Some(expected) = expected
                    && self.vars.bytes(expected)? != *found
                {
                    self.add(format!(
                        "the upstream received the {what} `{}`",
                        shown(found)
                    ));
                }
            }
            self.fields(
                "request header at the upstream",
                &expect.headers,
                &request.headers,
            )?;
            self.fields(
                "request trailer at the upstream",
                &expect.trailers,
                &request.trailers,
            )?;
            let body = BodyExpect {
                exact: expect.body.as_ref(),
                contains: &expect.body_contains,
                lacks: &expect.body_lacks,
                length: expect.body_length,
            };
            let found = decoded(expect.decoded, &request.headers, &request.body)?;
            self.body("the request body at the upstream", &body, &found)?;
            if let (Some(expected), Some(end)) = (&expect.end, &request.end) {
                self.end("the request at the upstream", expected, end)?;
            }
        }
        Ok(())
    }

    /// `found` holds at least `expected`: members of objects one by one, items of lists one by one from the front, all else equal.
    pub(super) fn json(
        &mut self,
        what: &str,
        expected: Option<&Value>,
        found: &Value,
    ) -> anyhow::Result<()> {
        if let Some(expected) = expected {
            let expected = self.vars.json(expected)?;
            let mut missing = Vec::new();
            holds(&expected, found, "", &mut missing);
            for (pointer, expected, found) in missing {
                self.add(format!(
                    "{what} at `{pointer}`: {found} instead of {expected}"
                ));
            }
        }
        Ok(())
    }

    pub(super) fn add(&mut self, difference: String) {
        if !self.found.contains(&difference) {
            self.found.push(difference);
        }
    }

    fn end(&mut self, what: &str, expected: &str, found: &End) -> anyhow::Result<()> {
        let agrees = match expected {
            "any" => true,
            "complete" => *found == End::Complete,
            "truncated" => *found == End::Truncated,
            "reset" => matches!(found, End::Reset(_)),
            "broken" => matches!(found, End::Reset(_) | End::Truncated),
            "aborted" => *found == End::Aborted,
            other => anyhow::bail!("`{other}` is not a way for a message to end"),
        };
        if !agrees {
            self.add(format!("{what} ended as {found:?} instead of `{expected}`"));
        }
        Ok(())
    }

    fn body(&mut self, what: &str, expect: &BodyExpect<'_>, found: &[u8]) -> anyhow::Result<()> {
        if let Some(exact) = expect.exact {
            let exact = self.vars.bytes(exact)?;
            if exact != found {
                self.add(format!(
                    "{what} is `{}` instead of `{}`",
                    shown(found),
                    shown(&exact)
                ));
            }
        }
        for part in expect.contains {
            if find(found, &self.vars.bytes(part)?).is_none() {
                self.add(format!("{what} lacks `{part}`: `{}`", shown(found)));
            }
        }
        for part in expect.lacks {
            if find(found, &self.vars.bytes(part)?).is_some() {
                self.add(format!("{what} holds `{part}`"));
            }
        }
        if let Some(length) = expect.length
            && length != found.len()
        {
            self.add(format!(
                "{what} has {} bytes instead of {length}",
                found.len()
            ));
        }
        Ok(())
    }

    fn fields(
        &mut self,
        what: &str,
        expected: &BTreeMap<String, Value>,
        found: &Fields,
    ) -> anyhow::Result<()> {
        for (name, expected) in expected {
            let values: Vec<&[u8]> = found
                .iter()
                .filter(|(candidate, _)| candidate.eq_ignore_ascii_case(name.as_bytes()))
                .map(|(_, value)| value.as_slice())
                .collect();
            let agrees = match expected {
                Value::Bool(present) => *present != values.is_empty(),
                Value::String(text) => values == [self.vars.bytes(text)?.as_slice()],
                Value::Array(all) => {
                    let all = all
                        .iter()
                        .map(|item| self.vars.bytes(item.as_str().unwrap_or_default()))
                        .collect::<Result<Vec<_>, _>>()?;
                    values == all
                }
                Value::Object(by) => match by.get("contains").and_then(Value::as_str) {
                    Some(part) => {
                        let part = self.vars.bytes(part)?;
                        values.iter().any(|value| find(value, &part).is_some())
                    }
                    None => {
                        anyhow::bail!("`{expected}` says nothing about a header: use `contains`")
                    }
                },
                other => anyhow::bail!("`{other}` says nothing about a header"),
            };
            if !agrees {
                let values: Vec<_> = values.iter().map(|value| shown(value)).collect();
                self.add(format!(
                    "{what} `{name}` is {values:?} instead of {expected}"
                ));
            }
        }
        Ok(())
    }
}

fn holds<'v>(
    expected: &'v Value,
    found: &'v Value,
    at: &str,
    missing: &mut Vec<(String, Value, Value)>,
) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (name, value) in expected {
                holds(
                    value,
                    found.get(name).unwrap_or(&Value::Null),
                    &format!("{at}/{name}"),
                    missing,
                );
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            for (index, value) in expected.iter().enumerate() {
                holds(
                    value,
                    found.get(index).unwrap_or(&Value::Null),
                    &format!("{at}/{index}"),
                    missing,
                );
            }
        }
        (Value::Number(expected), Value::Number(found)) if expected.as_f64() == found.as_f64() => {}
        (expected, found) if expected == found => {}
        // "~text" holds that text somewhere.
        (Value::String(expected), Value::String(found))
            if expected
                .strip_prefix('~')
                .is_some_and(|part| found.contains(part)) => {}
        (expected, found) => missing.push((at.to_owned(), expected.clone(), found.clone())),
    }
}

fn grpc_messages(body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut messages = Vec::new();
    let mut rest = body;
    while !rest.is_empty() {
        let (prefix, after) = rest.split_at_checked(5)?;
        let [_, length @ ..] = prefix else {
            return None;
        };
        let length = u32::from_be_bytes(length.try_into().ok()?);
        let (message, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
        messages.push(message.to_vec());
        rest = after;
    }
    Some(messages)
}

/// Bytes as a person can read them, not more than fits a screen.
fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 600;
    let text = bytes
        .get(..MOST)
        .unwrap_or(bytes)
        .escape_ascii()
        .to_string();
    if bytes.len() > MOST {
        format!("{text}... ({} bytes)", bytes.len())
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn differences(expected: &Value, found: &Value) -> usize {
        let mut missing = Vec::new();
        holds(expected, found, "", &mut missing);
        missing.len()
    }

    #[test]
    fn a_subset_of_json_agrees() {
        let found = json!({"a": 1, "b": [{"c": "some text"}, 2], "d": null});
        assert_eq!(
            differences(&json!({"a": 1.0, "b": [{"c": "~text"}], "d": null}), &found),
            0
        );
        assert_eq!(
            differences(&json!({"a": 2, "b": [{"c": "text"}], "e": true}), &found),
            3
        );
    }

    #[test]
    fn grpc_frames_must_add_up() {
        assert_eq!(
            grpc_messages(b"\0\0\0\0\x01a\0\0\0\0\0"),
            Some(vec![b"a".to_vec(), Vec::new()])
        );
        assert_eq!(grpc_messages(b"\0\0\0\0\x02a"), None);
    }
}
