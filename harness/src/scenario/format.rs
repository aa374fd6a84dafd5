//! The fields of a scenario file. `harness/scenarios/README.md` is the same as a tutorial.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde_json::Value;

use crate::lab::client::Protocol;
use crate::lab::setup::{Delivery, ForwardClientCert};
use crate::vm::ByteSize;

/// One file: a proxy, its filter, an upstream, and what happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What is shown, as a sentence.
    pub title: String,
    /// Engines that cannot run it, each with the reason, which is printed.
    #[serde(default)]
    pub skip: BTreeMap<String, String>,
    /// How the proxy is set up.
    #[serde(default)]
    pub proxy: Proxy,
    /// The filter's configuration; without this table there is no filter in the proxy.
    pub filter: Option<Filter>,
    /// Client certificates by name, for `client` of an exchange.
    #[serde(default)]
    pub certificates: BTreeMap<String, Certificate>,
    /// Claims of signed tokens by name: `${token.NAME}`.
    #[serde(default)]
    pub tokens: BTreeMap<String, Value>,
    /// More variables: `${NAME}`.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// What the upstream answers, unless an exchange says otherwise.
    #[serde(default)]
    pub upstream: Reply,
    /// What happens, in order.
    pub exchange: Vec<Exchange>,
}

/// How the proxy is set up. Scenarios that agree in all of this share one running proxy.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Proxy {
    /// TLS on the listener.
    pub tls: Tls,
    /// What becomes of `x-forwarded-client-cert`.
    pub forward_client_cert: ForwardClientCert,
    /// Verify tokens that the lab signed; claims appear under the metadata key `payload`.
    pub jwt: bool,
    /// How the filter's configuration is delivered and changed.
    pub delivery: Delivery,
    /// Encodings decoded between the upstream and the filter.
    pub decompress: Vec<String>,
    /// Allowed upgrades.
    pub upgrades: Vec<String>,
    /// Buffer limit towards the client, in bytes.
    pub listener_buffer: Option<u32>,
    /// Buffer limit towards the upstream, in bytes.
    pub upstream_buffer: Option<u32>,
    /// Speak HTTP/2 to the upstream.
    pub upstream_http2: bool,
    /// Which module: a name the suite knows; the module under test when left out.
    pub module: Option<String>,
    /// How large the linear memory of one VM may become, such as `16MiB`.
    pub memory: Option<ByteSize>,
    /// Worker threads; 1 when left out.
    pub workers: Option<u32>,
    /// Do not share the proxy with other scenarios.
    pub fresh: bool,
}

/// TLS on the listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tls {
    /// Plain text.
    #[default]
    None,
    /// The server shows a certificate.
    Server,
    /// It also asks the client for one, and lets it in without.
    Mutual,
}

/// A configuration of the filter: exactly one of `config`, `raw` and `empty`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// As a table; handed over as JSON text, or as a protobuf `Struct` with `struct = true`.
    pub config: Option<Value>,
    /// As text, handed over as it is.
    pub raw: Option<String>,
    /// None at all.
    pub empty: bool,
    /// Hand `config` over as a protobuf `Struct`.
    #[serde(rename = "struct")]
    pub as_struct: bool,
    /// Whether the engine must refuse it.
    pub refused: bool,
    /// Text that the refusal must hold.
    pub because: Option<String>,
}

/// Whom a client certificate names.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Certificate {
    /// Subject common name.
    pub common_name: String,
    /// URI names, in order.
    pub uris: Vec<String>,
    /// DNS names, in order.
    pub dns: Vec<String>,
}

/// How the end of an HTTP/1 body is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// `content-length`.
    Length,
    /// Chunked transfer encoding.
    Chunked,
    /// The end of the connection.
    Close,
    /// No framing header is added.
    Bare,
    /// Raw bytes both ways after the head; an upstream sends back what it gets.
    Tunnel,
}

/// Header fields as pairs; names and values are byte strings, as `scenarios/README.md` explains them.
pub type Pairs = Vec<[String; 2]>;

/// What an upstream answers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reply {
    /// Informational responses before it; HTTP/1 only.
    pub interim: Vec<Interim>,
    /// 200 when left out.
    pub status: Option<u16>,
    /// Header fields.
    pub headers: Pairs,
    /// The body.
    pub body: Parts,
    /// `length` when left out, `chunked` where there are trailers.
    pub framing: Option<Framing>,
    /// Trailers.
    pub trailers: Pairs,
    /// Content codings of the body, in the order in which they are applied.
    pub encode: Vec<String>,
    /// Answer before the request's body has come.
    pub early: bool,
}

/// An informational response (1xx).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interim {
    /// The status code.
    pub status: u16,
    /// Header fields.
    #[serde(default)]
    pub headers: Pairs,
}

/// A body, or the bytes of one side of a tunnel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parts(pub Vec<Part>);

/// One piece of a body, sent by itself: a string, or a table with one of these keys.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Part {
    /// A byte string.
    pub text: Option<String>,
    /// Bytes in Base64.
    pub base64: Option<String>,
    /// A gRPC message around a byte string: five bytes of prefix, then the bytes.
    pub grpc: Option<String>,
    /// The coding in which that message is compressed.
    pub coding: Option<String>,
    /// Send the piece this many times.
    pub repeat: Option<u32>,
    /// Milliseconds to wait.
    pub wait_ms: Option<u64>,
    /// Wait until the other end has received this.
    pub until: Option<String>,
    /// Break off with a reset.
    pub reset: bool,
    /// Close the connection.
    pub close: bool,
    /// Upstream only: `head` or `body` of the request.
    pub echo: Option<EchoPart>,
}

/// What of a request is sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EchoPart {
    /// Request line and header fields, one per line.
    Head,
    /// The body.
    Body,
}

/// One request with its answer, or one change of the filter's configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exchange {
    /// Names the exchange in messages.
    pub name: String,
    /// Instead of a request: give the filter this configuration.
    pub update: Option<Filter>,
    /// The client certificate, by name.
    pub client: Option<String>,
    /// Protocols to try, each by itself; `["http1"]` when left out.
    pub protocols: Vec<Protocol>,
    /// Cut the upstream's body in pieces: `"every"` tries every place for one cut, a number makes pieces of that many bytes.
    pub cut: Option<Cut>,
    /// The same for the request's body.
    pub cut_request: Option<Cut>,
    /// Send the request this many times.
    pub repeat: Option<u32>,
    /// So many of them at once.
    pub concurrency: Option<usize>,
    /// The request.
    pub request: Request,
    /// The answer, when it is not the scenario's.
    pub upstream: Option<Reply>,
    /// What must be seen.
    pub expect: Expect,
}

/// Where a body is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// In two, at every place, one run for each.
    Every,
    /// Into pieces of so many bytes.
    Pieces(usize),
}

/// A request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Request {
    /// `GET` when left out.
    pub method: Option<String>,
    /// Path and query; `/` when left out.
    pub target: Option<String>,
    /// The host; `lab.test` when left out.
    pub authority: Option<String>,
    /// Header fields.
    pub headers: Pairs,
    /// The body.
    pub body: Parts,
    /// `length` when there is a body, `bare` when not, `chunked` where there are trailers.
    pub framing: Option<Framing>,
    /// Trailers.
    pub trailers: Pairs,
    /// Content codings of the body, in the order in which they are applied.
    pub encode: Vec<String>,
    /// HTTP/1 only: these bytes in place of a head; `body` follows them as it is.
    pub raw: Option<String>,
    /// How long the exchange may take; 20 seconds when left out.
    pub patience_ms: Option<u64>,
}

/// What must be seen. What is left out is not looked at, except that the response must end as its framing promised.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The status code.
    pub status: Option<u16>,
    /// Informational responses before it.
    pub interim: Option<Vec<u16>>,
    /// How the response ends: `complete` (when left out), `truncated`, `reset`, `broken` (either), `aborted` (by the client), `any`.
    pub end: Option<String>,
    /// Header fields by name: text (the only value), a list (all values in order), `true`, `false`, or `{ contains = "..." }`.
    pub headers: BTreeMap<String, Value>,
    /// Trailers, likewise.
    pub trailers: BTreeMap<String, Value>,
    /// The body is looked at as its `content-encoding` decodes.
    pub decoded: bool,
    /// The body, exactly.
    pub body: Option<String>,
    /// The body as JSON.
    pub body_json: Option<Value>,
    /// The body as JSON holds at least this.
    pub body_json_has: Option<Value>,
    /// Byte strings in the body.
    pub body_contains: Vec<String>,
    /// Byte strings nowhere in the body.
    pub body_lacks: Vec<String>,
    /// The length of the body.
    pub body_length: Option<usize>,
    /// The gRPC messages of the body, each a byte string; the frames must be whole.
    pub body_grpc: Option<Vec<String>>,
    /// What the upstream received.
    pub upstream: Option<SeenExpect>,
    /// The access log line holds at least this.
    pub access: Option<Value>,
    /// The audit record holds at least this; `false`: there is none.
    pub audit: Option<Value>,
    /// Counters and by how much each grew in one run: `'name_total{label="value"}' = 1`.
    pub metrics: BTreeMap<String, f64>,
    /// The engine's log holds this.
    pub log_contains: Vec<String>,
}

/// What the upstream received.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeenExpect {
    /// How many requests in one run; 1 when left out.
    pub requests: Option<usize>,
    /// The method.
    pub method: Option<String>,
    /// The target.
    pub target: Option<String>,
    /// Header fields, as in [`Expect::headers`].
    pub headers: BTreeMap<String, Value>,
    /// The trailers, likewise.
    pub trailers: BTreeMap<String, Value>,
    /// The body is looked at as its `content-encoding` decodes.
    pub decoded: bool,
    /// The body, exactly.
    pub body: Option<String>,
    /// Byte strings in the body.
    pub body_contains: Vec<String>,
    /// Byte strings nowhere in the body.
    pub body_lacks: Vec<String>,
    /// The length of the body.
    pub body_length: Option<usize>,
    /// How the request ended, as in [`Expect::end`]; not looked at when left out.
    pub end: Option<String>,
}

impl Scenario {
    /// Reads a file's text.
    ///
    /// # Errors
    /// With line and column where it is not TOML or not a scenario.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

impl<'de> Deserialize<'de> for Parts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartsVisitor;
        impl<'de> Visitor<'de> for PartsVisitor {
            type Value = Parts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, a table, or a list of these")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Parts, E> {
                Ok(Parts(vec![Part::text(text)]))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Parts, A::Error> {
                Ok(Parts(vec![Part::deserialize(MapAccessDeserializer::new(
                    map,
                ))?]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Parts, A::Error> {
                let mut parts = Vec::new();
                while let Some(Parts(one)) = list.next_element()? {
                    parts.extend(one);
                }
                Ok(Parts(parts))
            }
        }
        deserializer.deserialize_any(PartsVisitor)
    }
}

impl Part {
    fn text(text: &str) -> Self {
        Self {
            text: Some(text.to_owned()),
            ..Self::default()
        }
    }
}

impl<'de> Deserialize<'de> for Cut {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CutVisitor;
        impl Visitor<'_> for CutVisitor {
            type Value = Cut;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"every\" or a number of bytes above zero")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Cut, E> {
                if text == "every" {
                    Ok(Cut::Every)
                } else {
                    Err(E::invalid_value(de::Unexpected::Str(text), &self))
                }
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Cut, E> {
                match usize::try_from(number) {
                    Ok(size) if size > 0 => Ok(Cut::Pieces(size)),
                    _ => Err(E::invalid_value(de::Unexpected::Signed(number), &self)),
                }
            }
        }
        deserializer.deserialize_any(CutVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_a_string_a_table_or_a_list() {
        let read = |text: &str| toml::from_str::<Reply>(text).unwrap().body.0;
        assert_eq!(read("body = 'a'"), [Part::text("a")]);
        assert_eq!(
            read("body = { reset = true }"),
            [Part {
                reset: true,
                ..Part::default()
            }]
        );
        assert_eq!(
            read("body = ['a', { text = 'b' }]"),
            [Part::text("a"), Part::text("b")]
        );
    }

    #[test]
    fn a_misspelt_field_is_an_error_with_its_line() {
        let error = Scenario::parse("title = 'x'\n[[exchange]]\nexpect.statos = 200\n")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("line 3") && error.contains("statos"),
            "{error}"
        );
    }
}
