//! The same two doors without Python and without Envoy: the local proxy, and an upstream that answers like OpenBao.
//!
//! What can be taken from `envoy/` is: the formats of the access logs and the labels of the metrics.

use std::net::SocketAddr;

use anyhow::Context as _;
use serde_json::{Map, Value, json};
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
    formats: [AccessLog; 2],
}

/// An access log whose lines are told apart from audit records, and its members from each other, by characters that no value holds.
struct AccessLog(Vec<(String, String)>);

/// Starts a line of the access log.
const ACCESS: &str = "\u{1e}access";
/// Starts an audit record.
const AUDIT: &str = "\u{1e}audit";
/// Stands between the members of an access log line.
const BETWEEN: char = '\u{1f}';

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
        let formats = [
            AccessLog::read(project, "envoy/sidecar.yaml")?,
            AccessLog::read(project, "envoy/gateway.yaml")?,
        ];
        let [sidecar_log, gateway_log] = &formats;
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
            ..door(project, "openbao", openbao.addr(), sidecar_log)?
        };
        // Without a configuration the filter guards nothing and masks every response, which is what gateway.yaml says at length.
        let unguarded = FilterConfig {
            configuration: Vec::new(),
            ..filter.clone()
        };
        let gateway = ProxyConfig {
            filter: Some(unguarded),
            ..door(project, "api", api, gateway_log)?
        };
        let (sidecar, gateway) = tokio::try_join!(Proxy::start(sidecar), Proxy::start(gateway))?;
        Ok(Self {
            sidecar,
            gateway,
            openbao,
            token,
            filter,
            formats,
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
        let [sidecar, gateway] = &self.formats;
        let format = match door {
            Door::Sidecar => sidecar,
            Door::Gateway => gateway,
        };
        self.lines(door, ACCESS)
            .iter()
            .map(|line| format.parse(line))
            .collect()
    }

    pub(super) fn audit_log(&self, door: Door) -> Vec<Value> {
        self.lines(door, AUDIT)
            .iter()
            .filter_map(|line| serde_json::from_str(line).ok())
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

    fn lines(&self, door: Door, kind: &str) -> Vec<String> {
        let logs = self.proxy(door).logs();
        logs.iter()
            .filter_map(|line| Some(line.text.strip_prefix(kind)?.to_owned()))
            .collect()
    }
}

impl AccessLog {
    fn read(project: &Project, name: &str) -> anyhow::Result<Self> {
        Ok(Self(shipped::access_log_format(project, name)?))
    }

    /// The format for the proxy: every operator on its own.
    fn text(&self) -> String {
        let operators: String = self
            .0
            .iter()
            .map(|(_, operator)| format!("{BETWEEN}{operator}"))
            .collect();
        format!("{ACCESS}{operators}")
    }

    /// A line as the JSON that Envoy would have written.
    fn parse(&self, line: &str) -> Value {
        let values = line.split(BETWEEN).skip(1).map(|value| {
            if value == "-" {
                Value::Null
            } else {
                json!(value)
            }
        });
        self.0
            .iter()
            .map(|(name, _)| name.clone())
            .zip(values)
            .collect::<Map<_, _>>()
            .into()
    }
}

/// What both proxies have in common.
fn door(
    project: &Project,
    upstream: &str,
    address: SocketAddr,
    log: &AccessLog,
) -> anyhow::Result<ProxyConfig> {
    let tag = |(tag_name, regex)| StatsTag { tag_name, regex };
    Ok(ProxyConfig {
        routes: vec![RouteConfig::all_to(upstream)],
        upstreams: vec![UpstreamConfig {
            name: upstream.to_owned(),
            address,
            http2: false,
        }],
        access_logs: vec![
            log.text(),
            format!("{AUDIT}%FILTER_STATE(wasm.veilgate.audit:PLAIN)%"),
        ],
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
