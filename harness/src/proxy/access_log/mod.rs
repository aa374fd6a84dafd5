//! Access log lines in Envoy's format language, as text and as JSON.

pub(crate) mod flag;
mod operator;
pub(crate) mod time;

use serde_json::{Map, Value};

use crate::vm::StreamState;
use operator::{Operator, Reading};

/// What one access log writes for an exchange.
#[derive(Clone, Debug)]
pub(crate) struct Format(Line);

#[derive(Clone, Debug)]
enum Line {
    Text(Template),
    Json(Node),
}

/// Text with operators in it.
#[derive(Clone, Debug)]
struct Template(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Operator(Operator),
}

/// A JSON value whose strings are templates.
#[derive(Clone, Debug)]
enum Node {
    /// Written as it is.
    Constant(String),
    /// One operator alone keeps its type.
    Operator(Operator),
    Template(Template),
    List(Vec<Node>),
    /// Members by name, in the order in which they are written.
    Object(Vec<(String, Node)>),
}

impl Format {
    /// A line of text.
    pub(crate) fn text(format: &str) -> Format {
        Format(Line::Text(Template::new(format)))
    }

    /// A line that is a JSON object.
    pub(crate) fn json(members: &Map<String, Value>) -> Format {
        Format(Line::Json(Node::object(members)))
    }

    /// The line for an exchange that is over. In text, bytes that are not UTF-8 are replaced; Envoy writes them as they are.
    pub(crate) fn line(&self, stream: &StreamState) -> String {
        match &self.0 {
            Line::Text(template) => template
                .readings(stream)
                .map(|reading| reading.map_or_else(|| "-".into(), text))
                .collect(),
            Line::Json(node) => {
                let mut line = String::new();
                node.write(stream, &mut line);
                line
            }
        }
    }
}

impl Template {
    /// Compiles a format. Text is kept, an operator that is never closed too.
    fn new(format: &str) -> Template {
        let mut parts = Vec::new();
        let mut rest = format;
        while let Some((text, after)) = rest.split_once('%') {
            parts.push(Part::Text(text.to_owned()));
            let Some((operator, after)) = split_operator(after) else {
                parts.push(Part::Text(format!("%{after}")));
                rest = "";
                break;
            };
            parts.push(if operator.is_empty() {
                Part::Text("%".into())
            } else {
                Part::Operator(Operator::parse(operator))
            });
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        Template(parts)
    }

    fn readings(&self, stream: &StreamState) -> impl Iterator<Item = Option<Reading>> {
        self.0.iter().map(|part| match part {
            Part::Text(text) => Some(Reading::Text(text.clone().into_bytes())),
            Part::Operator(operator) => operator.read(stream),
        })
    }
}

impl Node {
    fn new(format: &Value) -> Node {
        match format {
            Value::String(text) => {
                let mut template = Template::new(text);
                match template.0.pop() {
                    Some(Part::Operator(operator)) if template.0.is_empty() => {
                        Node::Operator(operator)
                    }
                    last => {
                        template.0.extend(last);
                        Node::Template(template)
                    }
                }
            }
            Value::Array(items) => Node::List(items.iter().map(Node::new).collect()),
            Value::Object(members) => Node::object(members),
            Value::Null | Value::Bool(_) | Value::Number(_) => Node::Constant(format.to_string()),
        }
    }

    /// Envoy sorts members by name.
    fn object(members: &Map<String, Value>) -> Node {
        let mut members: Vec<_> = members
            .iter()
            .map(|(name, value)| (name.clone(), Node::new(value)))
            .collect();
        members.sort_by(|(one, _), (other, _)| one.cmp(other));
        Node::Object(members)
    }

    fn write(&self, stream: &StreamState, out: &mut String) {
        match self {
            Node::Constant(value) => out.push_str(value),
            Node::Operator(operator) => match operator.read(stream) {
                None => out.push_str("null"),
                Some(Reading::Number(number)) => out.push_str(&number.to_string()),
                Some(Reading::Text(text)) => write_string(&[&text], out),
            },
            Node::Template(template) => {
                let pieces: Vec<Vec<u8>> = template
                    .readings(stream)
                    .map(|reading| match reading {
                        None => b"-".to_vec(),
                        Some(Reading::Number(number)) => number.to_string().into_bytes(),
                        Some(Reading::Text(text)) => text,
                    })
                    .collect();
                let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
                write_string(&pieces, out);
            }
            Node::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(stream, out);
                }
                out.push(']');
            }
            Node::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_string(&[name.as_bytes()], out);
                    out.push(':');
                    value.write(stream, out);
                }
                out.push('}');
            }
        }
    }
}

/// Operator and what follows its closing percent sign; those within parentheses belong to the operator.
fn split_operator(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b'%' if depth == 0 => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

fn text(reading: Reading) -> String {
    match reading {
        Reading::Number(number) => number.to_string(),
        Reading::Text(text) => String::from_utf8_lossy(&text).into_owned(),
    }
}

/// A JSON string of pieces. A piece that is not UTF-8 has every byte above ASCII escaped as if it were Latin-1, as Envoy does.
fn write_string(pieces: &[&[u8]], out: &mut String) {
    use std::fmt::Write as _;
    out.push('"');
    for piece in pieces {
        let utf8 = std::str::from_utf8(piece);
        let latin = || piece.iter().copied().map(char::from).collect::<String>();
        for character in utf8.map_or_else(|_| latin(), str::to_owned).chars() {
            match character {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '\u{8}' => out.push_str("\\b"),
                '\u{c}' => out.push_str("\\f"),
                _ if character < ' ' || (utf8.is_err() && !character.is_ascii()) => {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\u{:04x}", u32::from(character));
                }
                _ => out.push(character),
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stream() -> StreamState {
        let mut stream = crate::proxy::tests::stream_state();
        stream.request.headers = Some(
            [(&b":path"[..], &b"/long/path"[..]), (b"x-b", b"two")]
                .into_iter()
                .collect(),
        );
        stream
            .filter_state
            .insert(b"p.path".to_vec(), b"/masked".to_vec());
        stream.properties.response_code = Some(403);
        stream
    }

    fn json_line(stream: &StreamState, format: &Value) -> String {
        Format::json(format.as_object().unwrap()).line(stream)
    }

    #[test]
    fn operators_read_headers_filter_state_and_fields() {
        let stream = stream();
        let line = |format: &str| Format::text(format).line(&stream);
        assert_eq!(
            line("a %REQ(:PATH):5% %REQ(X-A?X-B)% %REQ(x-none)% b"),
            "a /long two - b"
        );
        assert_eq!(
            line("%FILTER_STATE(wasm.p.path:PLAIN)% %FILTER_STATE(wasm.other:PLAIN)%"),
            "/masked -"
        );
        assert_eq!(
            line("%RESPONSE_CODE% %RESPONSE_FLAGS% 100%% %NOT_KNOWN%"),
            "403 - 100% -"
        );
        assert_eq!(
            line(
                "%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %START_TIME(%Y)%."
            ),
            "127.0.0.1:1 127.0.0.1 -."
        );
        assert_eq!(line("50% of"), "50% of");
    }

    #[test]
    fn json_keeps_numbers_and_tells_absent_from_empty() {
        let mut stream = stream();
        let format = json!({
            "z": "%RESPONSE_CODE%", "flags": "%RESPONSE_FLAGS%", "duration": "%DURATION%",
            "missing": "%REQ(x-none)%", "path": "%FILTER_STATE(wasm.p.path:PLAIN)%",
            "mixed": "%RESPONSE_CODE%-%REQ(x-none)%", "empty": "",
            "nested": {"b": ["%BYTES_SENT%", 1, true, null], "a": {}},
        });
        assert_eq!(
            json_line(&stream, &format),
            r#"{"duration":null,"empty":"","flags":"-","missing":null,"mixed":"403--","nested":{"a":{},"b":[0,1,true,null]},"path":"/masked","z":403}"#
        );
        stream.properties.response_flags = flag::NO_ROUTE;
        assert_eq!(
            json_line(&stream, &json!({"flags": "%RESPONSE_FLAGS%"})),
            r#"{"flags":"NR"}"#
        );
    }

    #[test]
    fn json_holds_any_header_value() {
        let mut stream = stream();
        stream.request.headers = Some(
            [
                (&b"quoted"[..], &b"a\"b\\c\td\x01"[..]),
                (b"text", "\u{e9}</\u{1f600}".as_bytes()),
                (b"bytes", b"\xff\xc3("),
            ]
            .into_iter()
            .collect(),
        );
        let format = json!({"q": "%REQ(quoted)%", "t": "%REQ(text)%", "u": "\u{e9}%REQ(bytes):2%"});
        assert_eq!(
            json_line(&stream, &format),
            "{\"q\":\"a\\\"b\\\\c\\td\\u0001\",\"t\":\"\u{e9}</\u{1f600}\",\"u\":\"\u{e9}\\u00ff\\u00c3\"}"
        );
    }
}
