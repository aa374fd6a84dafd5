//! Envoy's configuration for a [`Setup`], as the JSON form of its protobuf messages.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::lab::setup::{
    Cluster, Configuration, Delivery, Filter, ForwardClientCert, Jwt, STATS_TAGS, ServerTls, Setup,
    tag_regex,
};

const EXTENSIONS: &str = "type.googleapis.com/envoy.extensions";
const WASM: &str = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";

/// The static part: administration, clusters, labels, and where the rest is found.
pub(super) fn bootstrap(setup: &Setup, dir: &Path) -> Value {
    json!({
        "node": {"id": "lab", "cluster": "lab"},
        "admin": {"address": loopback(0)},
        "stats_config": {"stats_tags": STATS_TAGS.iter().map(|label| json!({
            "tag_name": label, "regex": tag_regex(label),
        })).collect::<Vec<_>>()},
        "dynamic_resources": {"lds_config": file_source(&dir.join("lds.json"))},
        "static_resources": {"clusters": setup.upstreams.iter().map(cluster).collect::<Vec<_>>()},
        "layered_runtime": {"layers": [{"name": "lab", "static_layer": {
            "overload": {"global_downstream_max_connections": 50000},
        }}]},
    })
}

/// The content of the listener file.
pub(super) fn listeners(setup: &Setup, dir: &Path) -> Value {
    let mut chain = Map::new();
    chain.insert(
        "filters".to_owned(),
        json!([{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": connection_manager(setup, dir),
        }]),
    );
    if let Some(tls) = &setup.tls {
        chain.insert("transport_socket".to_owned(), server_tls(tls));
    }
    let mut listener = json!({
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": "lab",
        "address": loopback(0),
        "filter_chains": [chain],
    });
    if let (Some(limit), Some(listener)) = (setup.listener_buffer, listener.as_object_mut()) {
        listener.insert("per_connection_buffer_limit_bytes".to_owned(), json!(limit));
    }
    json!({"resources": [listener]})
}

/// The content of the filter file.
pub(super) fn extensions(filter: &Filter) -> Value {
    json!({"resources": [{
        "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        "name": "veilgate",
        "typed_config": wasm(filter),
    }]})
}

fn connection_manager(setup: &Setup, dir: &Path) -> Value {
    let (forward, current) = match setup.forward_client_cert {
        ForwardClientCert::Sanitize => ("SANITIZE", json!({})),
        ForwardClientCert::SanitizeSet => (
            "SANITIZE_SET",
            json!({"subject": true, "uri": true, "dns": true}),
        ),
    };
    json!({
        "@type": format!("{EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "lab",
        "codec_type": "AUTO",
        "use_remote_address": true,
        "forward_client_cert_details": forward,
        "set_current_client_cert_details": current,
        "http_protocol_options": {"enable_trailers": true, "allow_custom_methods": true},
        "http2_protocol_options": {"allow_connect": true},
        "stream_idle_timeout": "60s",
        "upgrade_configs": upgrades(setup),
        "access_log": [access_log(setup, dir)],
        "route_config": {"name": "lab", "virtual_hosts": setup.upstreams.iter().map(|cluster| virtual_host(setup, cluster)).collect::<Vec<_>>()},
        "http_filters": http_filters(setup, dir),
    })
}

fn virtual_host(setup: &Setup, cluster: &Cluster) -> Value {
    let domains = if cluster.authorities.is_empty() {
        vec!["*".to_owned()]
    } else {
        cluster.authorities.clone()
    };
    let action = |upgrades: Value| json!({"cluster": cluster.name, "timeout": "0s", "upgrade_configs": upgrades});
    // One read can fill the connection's buffer to the limit; what a filter holds back comes on top.
    let body_limit = setup
        .listener_buffer
        .map_or(Value::Null, |limit| json!(u64::from(limit) * 2));
    let mut routes = Vec::new();
    if setup.upgrades.iter().any(|upgrade| upgrade == "CONNECT") {
        routes.push(json!({
            "name": "connect", "match": {"connect_matcher": {}}, "route": action(json!([{"upgrade_type": "CONNECT"}])),
        }));
    }
    routes
        .push(json!({"name": cluster.name, "match": {"prefix": "/"}, "route": action(json!([]))}));
    json!({"name": cluster.name, "domains": domains, "routes": routes, "request_body_buffer_limit": body_limit})
}

fn http_filters(setup: &Setup, dir: &Path) -> Vec<Value> {
    let mut filters = Vec::new();
    if let Some(jwt) = &setup.jwt {
        filters
            .push(json!({"name": "envoy.filters.http.jwt_authn", "typed_config": jwt_authn(jwt)}));
    }
    if let Some(filter) = &setup.filter {
        filters.push(match setup.delivery {
            Delivery::Lds => json!({"name": "veilgate", "typed_config": wasm(filter)}),
            Delivery::Ecds => json!({"name": "veilgate", "config_discovery": {
                "config_source": file_source(&dir.join("ecds.json")), "type_urls": [WASM],
            }}),
        });
    }
    // Responses pass the filters backwards: what stands behind ours decodes before it.
    for encoding in &setup.decompress {
        filters.push(json!({"name": format!("decompress-{encoding}"), "typed_config": decompressor(encoding)}));
    }
    filters.push(json!({
        "name": "envoy.filters.http.router",
        "typed_config": {"@type": format!("{EXTENSIONS}.filters.http.router.v3.Router")},
    }));
    filters
}

fn wasm(filter: &Filter) -> Value {
    let mut config = json!({
        "name": "veilgate",
        "root_id": "veilgate",
        "failure_policy": "FAIL_RELOAD",
        "allow_on_headers_stop_iteration": true,
        "vm_config": {
            "vm_id": "veilgate",
            "runtime": "envoy.wasm.runtime.v8",
            "code": {"local": {"filename": filter.module}},
        },
    });
    let configuration = match &filter.configuration {
        Configuration::Empty => None,
        Configuration::Text(text) => {
            Some(json!({"@type": "type.googleapis.com/google.protobuf.StringValue", "value": text}))
        }
        Configuration::Struct(value) => {
            Some(json!({"@type": "type.googleapis.com/google.protobuf.Struct", "value": value}))
        }
    };
    if let (Some(configuration), Some(config)) = (configuration, config.as_object_mut()) {
        config.insert("configuration".to_owned(), configuration);
    }
    json!({"@type": WASM, "config": config})
}

fn jwt_authn(jwt: &Jwt) -> Value {
    json!({
        "@type": format!("{EXTENSIONS}.filters.http.jwt_authn.v3.JwtAuthentication"),
        "providers": {"lab": {
            "issuer": jwt.issuer,
            "local_jwks": {"inline_string": jwt.jwks.to_string()},
            "payload_in_metadata": jwt.payload_key,
        }},
        "rules": [{
            "match": {"prefix": "/"},
            "requires": {"requires_any": {"requirements": [{"provider_name": "lab"}, {"allow_missing": {}}]}},
        }],
    })
}

fn decompressor(encoding: &str) -> Value {
    let library = match encoding {
        "br" => "brotli.decompressor.v3.Brotli",
        "zstd" => "zstd.decompressor.v3.Zstd",
        _ => "gzip.decompressor.v3.Gzip",
    };
    json!({
        "@type": format!("{EXTENSIONS}.filters.http.decompressor.v3.Decompressor"),
        "decompressor_library": {"name": encoding, "typed_config": {"@type": format!("{EXTENSIONS}.compression.{library}")}},
        "request_direction_config": {"common_config": {
            "enabled": {"default_value": false, "runtime_key": "lab.decompress_requests"},
        }},
        "response_direction_config": {"common_config": {"ignore_no_transform_header": true}},
    })
}

fn server_tls(tls: &ServerTls) -> Value {
    let mut common = json!({
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_certificates": [{
            "certificate_chain": {"inline_string": tls.credentials.certificate},
            "private_key": {"inline_string": tls.credentials.key},
        }],
    });
    if let (Some(authority), Some(common)) = (&tls.client_authority, common.as_object_mut()) {
        common.insert(
            "validation_context".to_owned(),
            json!({"trusted_ca": {"inline_string": authority}}),
        );
    }
    json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": format!("{EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext"),
            "common_tls_context": common,
            "require_client_certificate": tls.require_client_certificate,
        },
    })
}

fn cluster(cluster: &Cluster) -> Value {
    let protocol = if cluster.http2 {
        json!({"http2_protocol_options": {"allow_connect": true}})
    } else {
        json!({"http_protocol_options": {"enable_trailers": true}})
    };
    let mut message = json!({
        "name": cluster.name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": cluster.name, "endpoints": [{"lb_endpoints": [{"endpoint": {
            "address": loopback(cluster.address.port()),
        }}]}]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": format!("{EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions"),
            "explicit_http_config": protocol,
        }},
    });
    if let (Some(limit), Some(message)) = (cluster.buffer, message.as_object_mut()) {
        message.insert("per_connection_buffer_limit_bytes".to_owned(), json!(limit));
    }
    message
}

fn access_log(setup: &Setup, dir: &Path) -> Value {
    let format = match &setup.access_log {
        Value::String(text) => json!({"text_format_source": {"inline_string": text}}),
        object => json!({"json_format": object}),
    };
    json!({
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": format!("{EXTENSIONS}.access_loggers.file.v3.FileAccessLog"),
            "path": dir.join("access.log"),
            "log_format": format,
        },
    })
}

fn upgrades(setup: &Setup) -> Value {
    setup
        .upgrades
        .iter()
        .map(|upgrade| json!({"upgrade_type": upgrade}))
        .collect()
}

fn file_source(path: &Path) -> Value {
    json!({"resource_api_version": "V3", "path_config_source": {"path": path}})
}

fn loopback(port: u16) -> Value {
    json!({"socket_address": {"address": "127.0.0.1", "port_value": port}})
}
