//! The same [`Setup`] for the proxy of this crate.

use serde_json::{Map, Value};

use crate::lab::setup::{Cluster, Configuration, Filter, ForwardClientCert, Setup};
use crate::proxy::{
    self, FailurePolicy, FilterConfig, ForwardClientCertMode, JwtConfig, JwtProvider,
    ListenerConfig, ProxyConfig, RouteConfig, TlsConfig, UpstreamConfig,
};
use crate::vm::StatsTag;

/// Between the fields of an access log line; no header can hold it.
pub(crate) const FIELD_SEPARATOR: char = '\x1f';

impl Setup {
    /// What [`Proxy::start`](proxy::Proxy::start) takes. An access log that is an object becomes lines of its values.
    pub fn proxy_config(&self) -> ProxyConfig {
        let mut listener = ListenerConfig {
            enable_trailers: true,
            ..ListenerConfig::default()
        };
        if let Some(limit) = self.listener_buffer {
            listener.per_connection_buffer_limit_bytes = limit as usize;
        }
        listener.tls = self.tls.as_ref().map(|tls| TlsConfig {
            certificate: tls.credentials.certificate.clone(),
            key: tls.credentials.key.clone(),
            client_ca: tls.client_authority.clone(),
            require_client_certificate: tls.require_client_certificate,
        });
        let (mode, names) = match self.forward_client_cert {
            ForwardClientCert::Sanitize => (ForwardClientCertMode::Sanitize, false),
            ForwardClientCert::SanitizeSet => (ForwardClientCertMode::SanitizeSet, true),
        };
        ProxyConfig {
            listener,
            routes: self.upstreams.iter().flat_map(routes).collect(),
            upstreams: self
                .upstreams
                .iter()
                .map(|cluster| UpstreamConfig {
                    name: cluster.name.clone(),
                    address: cluster.address,
                    http2: cluster.http2,
                })
                .collect(),
            jwt: self.jwt.as_ref().map(|jwt| JwtConfig {
                providers: vec![JwtProvider {
                    issuer: jwt.issuer.clone(),
                    audiences: Vec::new(),
                    jwks: jwt.jwks.to_string(),
                    payload_in_metadata: jwt.payload_key.clone(),
                    forward: false,
                }],
                allow_missing: true,
            }),
            forward_client_cert: proxy::ForwardClientCert {
                mode,
                subject: names,
                uri: names,
                dns: names,
            },
            filter: self.filter.as_ref().map(Filter::in_process),
            decompressor: self.decompress.clone(),
            access_logs: vec![match &self.access_log {
                Value::Object(fields) => format_line(fields),
                Value::String(text) => text.trim_end_matches('\n').to_owned(),
                other => other.to_string(),
            }],
            workers: self.workers as usize,
            upgrades: self.upgrades.clone(),
            use_remote_address: true,
            stats_tags: super::STATS_TAGS
                .iter()
                .map(|label| StatsTag {
                    tag_name: (*label).to_owned(),
                    regex: super::tag_regex(label),
                })
                .collect(),
            ..ProxyConfig::default()
        }
    }
}

impl Filter {
    /// The same filter for the proxy of this crate.
    pub fn in_process(&self) -> FilterConfig {
        FilterConfig {
            name: "veilgate".to_owned(),
            root_id: "veilgate".to_owned(),
            vm_id: "veilgate".to_owned(),
            failure_policy: FailurePolicy::FailReload,
            allow_on_headers_stop_iteration: true,
            memory: self.memory,
            ..FilterConfig::new(&self.module, self.configuration.bytes())
        }
    }
}

impl Configuration {
    /// The bytes a module reads, as Envoy hands them over.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Empty => Vec::new(),
            Self::Text(text) => text.clone().into_bytes(),
            Self::Struct(Value::Object(fields)) => struct_bytes(fields),
            Self::Struct(_) => Vec::new(),
        }
    }
}

fn routes(cluster: &Cluster) -> Vec<RouteConfig> {
    let to = |authority: Option<String>| RouteConfig {
        name: cluster.name.clone(),
        authority,
        virtual_host: cluster.name.clone(),
        timeout_ms: 0,
        ..RouteConfig::all_to(&cluster.name)
    };
    match cluster.authorities.as_slice() {
        [] => vec![to(None)],
        authorities => authorities
            .iter()
            .map(|authority| to(Some(authority.clone())))
            .collect(),
    }
}

fn format_line(fields: &Map<String, Value>) -> String {
    let formats: Vec<&str> = fields
        .values()
        .map(|format| format.as_str().unwrap_or_default())
        .collect();
    formats.join(&FIELD_SEPARATOR.to_string())
}

/// A serialised `google.protobuf.Struct`.
fn struct_bytes(fields: &Map<String, Value>) -> Vec<u8> {
    let entry = |(name, value): (&String, &Value)| {
        let pair = [message(1, name.as_bytes()), message(2, &value_bytes(value))].concat();
        message(1, &pair)
    };
    fields.iter().flat_map(entry).collect()
}

fn value_bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => vec![0x08, 0],
        Value::Number(number) => [
            [0x11].as_slice(),
            &number.as_f64().unwrap_or(f64::NAN).to_le_bytes(),
        ]
        .concat(),
        Value::String(text) => message(3, text.as_bytes()),
        Value::Bool(value) => vec![0x20, u8::from(*value)],
        Value::Object(fields) => message(5, &struct_bytes(fields)),
        Value::Array(items) => {
            let items: Vec<u8> = items
                .iter()
                .flat_map(|item| message(1, &value_bytes(item)))
                .collect();
            message(6, &items)
        }
    }
}

/// A length-delimited field.
fn message(field: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![field << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        #[expect(clippy::cast_possible_truncation, reason = "the low seven bits")]
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    #[expect(clippy::cast_possible_truncation, reason = "below 128")]
    bytes.push(length as u8);
    bytes.extend_from_slice(content);
    bytes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_struct_is_serialised_as_protobuf_defines_it() {
        let Value::Object(fields) = json!({"a": true, "b": [1.5, null], "c": {"d": "e"}}) else {
            panic!()
        };
        let expected = [
            b"\x0a\x07\x0a\x01a\x12\x02\x20\x01".as_slice(),
            b"\x0a\x16\x0a\x01b\x12\x11\x32\x0f\x0a\x09\x11\0\0\0\0\0\0\xf8\x3f\x0a\x02\x08\0",
            b"\x0a\x11\x0a\x01c\x12\x0c\x2a\x0a\x0a\x08\x0a\x01d\x12\x03\x1a\x01e",
        ];
        assert_eq!(
            struct_bytes(&fields).escape_ascii().to_string(),
            expected.concat().escape_ascii().to_string()
        );
        assert_eq!(message(1, &[0; 300])[..3], [0x0a, 0xac, 0x02]);
    }
}
