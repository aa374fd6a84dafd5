//! The same two doors without Python and without Envoy: the local proxy, and an upstream that answers like OpenBao.
//!
//! What can be taken from `envoy/` is: the formats of the access logs and the labels of the metrics.

use std::net::SocketAddr;

use anyhow::Context as _;
use serde_json::{Value, json};
use veilgate_harness::lab::Upstream;
use veilgate_harness::lab::upstream::Reply;
use veilgate_harness::proxy::{
    FailurePolicy, FilterConfig, ForwardClientCert, ForwardClientCertMode, JwtConfig, JwtProvider,
    ListenerConfig, Proxy, ProxyConfig, RouteConfig, TlsConfig, UpstreamConfig,
};
use veilgate_harness::vm::StatsTag;

use super::{Door, Materials, Written, shipped};
use crate::demo::files::Project;
use crate::demo::openbao;
use crate::demo::planted::{self, Planted};
use crate::demo::stage::ISSUER;

/// Two local proxies and a bundled upstream.
pub(in crate::demo) struct Local {
    sidecar: Proxy,
    gateway: Proxy,
    openbao: Upstream,
    token: String,
    filter: FilterConfig,
}

/// Starts an audit record, which is told apart by it from an access log line.
const AUDIT: &str = "audit ";

impl Local {
    pub(in crate::demo) async fn start(materials: Materials<'_>) -> anyhow::Result<Self> {
        let Materials {
            project,
            module,
            planted,
            server,
            authority,
            jwks,
            configuration,
            api,
            ..
        } = materials;
        let openbao = bundled_openbao(planted).await?;
        let token = format!("s.{}", planted::text(24, planted::ALPHANUMERIC)?);
        let filter = FilterConfig {
            name: "veilgate".to_owned(),
            vm_id: "veilgate".to_owned(),
            failure_policy: FailurePolicy::FailReload,
            allow_on_headers_stop_iteration: true,
            ..FilterConfig::new(module, configuration.to_string())
        };
        let sidecar = ProxyConfig {
            listener: ListenerConfig {
                tls: Some(TlsConfig {
                    certificate: server.certificate,
                    key: server.key,
                    client_ca: Some(authority),
                    require_client_certificate: false,
                }),
                ..ListenerConfig::default()
            },
            jwt: Some(JwtConfig {
                providers: vec![JwtProvider {
                    issuer: ISSUER.to_owned(),
                    audiences: vec!["openbao".to_owned()],
                    jwks: jwks.to_string(),
                    payload_in_metadata: "payload".to_owned(),
                    forward: false,
                }],
                allow_missing: true,
            }),
            forward_client_cert: ForwardClientCert {
                mode: ForwardClientCertMode::SanitizeSet,
                subject: true,
                uri: true,
                dns: true,
            },
            filter: Some(filter.clone()),
            ..door(project, "envoy/sidecar.yaml", "openbao", openbao.addr())?
        };
        // Without a configuration the filter guards nothing and masks every response, which is what gateway.yaml says at length.
        let unguarded = FilterConfig {
            configuration: Vec::new(),
            ..filter.clone()
        };
        let gateway = ProxyConfig {
            filter: Some(unguarded),
            ..door(project, "envoy/gateway.yaml", "api", api)?
        };
        let (sidecar, gateway) = tokio::try_join!(Proxy::start(sidecar), Proxy::start(gateway))?;
        Ok(Self {
            sidecar,
            gateway,
            openbao,
            token,
            filter,
        })
    }

    pub(super) fn addr(&self, door: Door) -> SocketAddr {
        self.proxy(door).addr()
    }

    pub(super) fn vault_token(&self) -> &str {
        &self.token
    }

    pub(super) fn served(&self, path: &str) -> usize {
        let wanted = format!("/v1/{path}");
        let path =
            |target: &[u8]| target.split(|byte| *byte == b'?').next() == Some(wanted.as_bytes());
        self.openbao
            .seen()
            .iter()
            .filter(|request| path(&request.target))
            .count()
    }

    pub(super) async fn replace_policy(&self, configuration: &Value) -> anyhow::Result<()> {
        let filter = FilterConfig {
            configuration: configuration.to_string().into_bytes(),
            ..self.filter.clone()
        };
        self.sidecar
            .update_filter(filter)
            .await
            .context("the new policy")
    }

    pub(super) fn metrics(&self, door: Door) -> String {
        self.proxy(door).stats().prometheus
    }

    pub(super) fn access_log(&self, door: Door) -> Vec<Value> {
        let lines = self.lines(door);
        let lines = lines.iter().filter(|line| !line.starts_with(AUDIT));
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    pub(super) fn audit_log(&self, door: Door) -> Vec<Value> {
        let lines = self.lines(door);
        let records = lines.iter().filter_map(|line| line.strip_prefix(AUDIT));
        records
            .filter_map(|record| serde_json::from_str(record).ok())
            .collect()
    }

    pub(super) fn written(&self) -> Vec<Written> {
        let mut written = Vec::new();
        for (name, proxy) in [("sidecar", &self.sidecar), ("gateway", &self.gateway)] {
            let log: Vec<String> = proxy.logs().into_iter().map(|line| line.text).collect();
            written.push(Written {
                name: format!("the {name}'s logs"),
                text: log.join("\n"),
            });
            written.push(Written {
                name: format!("the {name}'s metrics"),
                text: proxy.stats().prometheus,
            });
            written.push(Written {
                name: format!("the {name}'s diagnostics"),
                text: proxy.diagnostics().join("\n"),
            });
        }
        written
    }

    /// What the module did that Envoy would not have survived.
    pub(super) fn faults(&self) -> Vec<String> {
        Door::BOTH
            .into_iter()
            .flat_map(|door| self.proxy(door).diagnostics())
            .collect()
    }

    pub(super) async fn stop(self) {
        self.sidecar.stop().await;
        self.gateway.stop().await;
    }

    fn proxy(&self, door: Door) -> &Proxy {
        match door {
            Door::Sidecar => &self.sidecar,
            Door::Gateway => &self.gateway,
        }
    }

    fn lines(&self, door: Door) -> Vec<String> {
        let logs = self.proxy(door).logs().into_iter();
        logs.filter(|line| line.source == "access")
            .map(|line| line.text)
            .collect()
    }
}

/// What both proxies have in common.
fn door(
    project: &Project,
    shipped_as: &str,
    upstream: &str,
    address: SocketAddr,
) -> anyhow::Result<ProxyConfig> {
    let format = shipped::access_log_format(project, shipped_as)?.into_iter();
    let format = format.map(|(name, operator)| (name, Value::from(operator)));
    let tag = |(tag_name, regex)| StatsTag { tag_name, regex };
    Ok(ProxyConfig {
        routes: vec![RouteConfig::all_to(upstream)],
        upstreams: vec![UpstreamConfig {
            name: upstream.to_owned(),
            address,
            http2: false,
        }],
        json_access_logs: vec![format.collect()],
        access_logs: vec![format!("{AUDIT}%FILTER_STATE(wasm.veilgate.audit:PLAIN)%")],
        workers: 2,
        use_remote_address: true,
        stats_tags: shipped::stats_tags(project)?.into_iter().map(tag).collect(),
        ..ProxyConfig::default()
    })
}

/// An upstream with OpenBao's answers to the requests of the story, in the shapes that OpenBao 2.7 gives them.
async fn bundled_openbao(planted: &Planted) -> std::io::Result<Upstream> {
    let nothing = Reply {
        status: 404,
        ..answer(&json!({"errors": []}))
    };
    let openbao = Upstream::start(nothing).await?;
    let secrets = openbao::secrets(planted);
    for (path, fields) in &secrets {
        let data = json!({"data": fields, "metadata": {
            "created_time": "2026-01-01T00:00:00.000000000Z", "custom_metadata": null,
            "deletion_time": "", "destroyed": false, "version": 1,
        }});
        openbao.play_at(&format!("/v1/secret/data/{path}"), answer(&envelope(&data)));
    }
    let mut names: Vec<&str> = secrets
        .iter()
        .filter_map(|(path, _)| path.strip_prefix("payments/"))
        .collect();
    names.sort_unstable();
    openbao.play_at(
        "/v1/secret/metadata/payments",
        answer(&envelope(&json!({"keys": names}))),
    );
    Ok(openbao)
}

fn envelope(data: &Value) -> Value {
    json!({
        "request_id": "00000000-0000-4000-8000-000000000000", "lease_id": "", "renewable": false, "lease_duration": 0,
        "data": data, "wrap_info": null, "warnings": null, "auth": null,
    })
}

fn answer(body: &Value) -> Reply {
    let mut reply = Reply::text("application/json", &body.to_string());
    reply
        .headers
        .push((b"cache-control".to_vec(), b"no-store".to_vec()));
    reply
}
