//! A reverse proxy around a module.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use veilgate_harness::proxy::{FilterConfig, Proxy, ProxyConfig, RouteConfig, UpstreamConfig};
//!
//! let config = ProxyConfig {
//!     routes: vec![RouteConfig::all_to("app")],
//!     upstreams: vec![UpstreamConfig { name: "app".into(), address: "127.0.0.1:8080".parse()?, http2: false }],
//!     filter: Some(FilterConfig::new("filter.wasm", r#"{"mode":"enforce"}"#)),
//!     ..ProxyConfig::default()
//! };
//! let proxy = Proxy::start(config).await?;
//! println!("listening on {}", proxy.addr());
//! assert_eq!(proxy.diagnostics(), Vec::<String>::new());
//! proxy.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Each worker is a thread with its own event loop and its own VM, as in Envoy: that is where the semantics of modules come from (one callback at a
//! time, posts that arrive on the next turn, a trap that takes every stream of its worker along).
//!
//! What Envoy does and this does not: gRPC calls and foreign functions of modules (answered as unknown), retries, TLS towards upstreams, request
//! decompression, Brotli and Zstandard, more than one filter, and an upgrade towards an HTTP/2 upstream for an HTTP/1 client. A connection whose exchange
//! is refused early ends in order here, where Envoy may reset it after a second.

mod access_log;
mod codec;
mod config;
mod connection;
mod edge;
mod filter;
mod jwt;
mod metadata;
mod stream;
#[cfg(test)]
mod tests;
mod tls;
mod upstream;
mod worker;

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
};

use anyhow::Context as _;
use tokio::sync::{mpsc::UnboundedSender, oneshot};

pub use config::{
    FailurePolicy, FilterConfig, ForwardClientCert, ForwardClientCertMode, JwtConfig, JwtProvider,
    ListenerConfig, ProxyConfig, RouteConfig, TlsConfig, UpstreamConfig,
};

use crate::vm::{Diagnostics, LogLevel, LogLine, Logs, Metrics, Module, Shared};
use codec::is_upgrade as codec_is_upgrade;
use worker::{Command, Common};

/// A running proxy. Dropping it closes its listener and its threads in the background; [`Proxy::stop`] waits for open exchanges.
pub struct Proxy {
    address: SocketAddr,
    common: Arc<Common>,
    workers: Vec<(UnboundedSender<Command>, Option<JoinHandle<()>>)>,
    stopping: Arc<AtomicBool>,
}

/// Why a filter configuration was refused. The one before goes on serving.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("filter configuration refused: {0}")]
pub struct Rejected(pub String);

/// Metrics at one moment.
#[derive(Clone, Debug)]
pub struct Stats {
    /// Value by Envoy's flat name, such as `wasmcustom.<metric>`.
    pub values: BTreeMap<String, u64>,
    /// The Prometheus text format.
    pub prometheus: String,
}

impl Stats {
    /// A metric's value, 0 when it was never counted.
    pub fn get(&self, name: &str) -> u64 {
        self.values.get(name).copied().unwrap_or(0)
    }
}

impl Proxy {
    /// Starts listening, after the filter accepted its configuration.
    ///
    /// # Errors
    /// When the configuration is inconsistent, the address is taken, or the filter refuses: Envoy exits then.
    pub async fn start(config: ProxyConfig) -> anyhow::Result<Proxy> {
        let common = Arc::new(Common::new(config)?);
        let module = match common.config.filter.clone() {
            Some(filter) => Some(canary(&common, filter).await?),
            None => None,
        };
        let listener = TcpListener::bind(common.config.listener.address)
            .with_context(|| format!("cannot listen on {}", common.config.listener.address))?;
        let address = listener.local_addr()?;
        let mut workers = Vec::new();
        for index in 0..common.config.workers.max(1) {
            let (ready, started) = oneshot::channel();
            let (commands, thread) = worker::start(index, common.clone(), module.clone(), ready)?;
            workers.push((commands, Some(thread)));
            started.await.context("a worker ended while it started")??;
        }
        let stopping = Arc::new(AtomicBool::new(false));
        accept(
            listener,
            workers
                .iter()
                .map(|(commands, _)| commands.clone())
                .collect(),
            stopping.clone(),
        )?;
        Ok(Proxy {
            address,
            common,
            workers,
            stopping,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the filter's configuration. A trial VM configures first; requests under way keep the old configuration, and none is dropped.
    ///
    /// # Errors
    /// When the module cannot be loaded, refuses or traps. The old configuration goes on serving.
    pub async fn update_filter(&self, filter: FilterConfig) -> Result<(), Rejected> {
        let result = self.try_update(filter).await;
        self.common.metrics.add(
            if result.is_ok() {
                "filter.update_success"
            } else {
                "filter.update_rejected"
            },
            1,
        );
        result
    }

    /// Metrics of the proxy and of the module.
    pub fn stats(&self) -> Stats {
        Stats {
            values: self.common.metrics.values(),
            prometheus: self
                .common
                .metrics
                .prometheus(&self.common.config.stats_tags),
        }
    }

    /// Log lines: of the module, access log lines, and the proxy's own.
    pub fn logs(&self) -> Vec<LogLine> {
        self.common.logs.lines()
    }

    /// What the module did that would crash, hang or corrupt a stream in Envoy.
    pub fn diagnostics(&self) -> Vec<String> {
        self.common.diagnostics.findings()
    }

    /// Closes the listener, lets open exchanges end (for five seconds), and ends the workers.
    pub async fn stop(mut self) {
        self.shut();
        let threads: Vec<_> = self
            .workers
            .iter_mut()
            .filter_map(|(_, thread)| thread.take())
            .collect();
        // Joining blocks, and the caller may run on the only thread there is.
        let _ = tokio::task::spawn_blocking(move || {
            threads
                .into_iter()
                .map(JoinHandle::join)
                .filter(Result::is_err)
                .count()
        })
        .await;
    }

    async fn try_update(&self, filter: FilterConfig) -> Result<(), Rejected> {
        let module = canary(&self.common, filter.clone()).await?;
        for (commands, _) in &self.workers {
            let (done, outcome) = oneshot::channel();
            let update = Command::Update(Box::new(filter.clone()), module.clone(), done);
            commands
                .send(update)
                .map_err(|_| Rejected("the proxy has stopped".into()))?;
            outcome
                .await
                .map_err(|_| Rejected("the proxy has stopped".into()))??;
        }
        Ok(())
    }

    fn shut(&self) {
        if !self.stopping.swap(true, Ordering::SeqCst) {
            // The thread that accepts is woken by a connection.
            let _ = std::net::TcpStream::connect(self.address);
        }
        for (commands, _) in &self.workers {
            let _ = commands.send(Command::Stop);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shut();
    }
}

/// Loads a module and configures it once in a VM of its own, so that a bad one never reaches a worker.
async fn canary(common: &Arc<Common>, filter: FilterConfig) -> Result<Module, Rejected> {
    let common = common.clone();
    let trial = move || {
        let module =
            Module::from_file(&filter.wasm).map_err(|error| Rejected(error.to_string()))?;
        worker::try_configure(&common, &filter, &module)?;
        Ok(module)
    };
    tokio::task::spawn_blocking(trial)
        .await
        .map_err(|error| Rejected(error.to_string()))?
}

/// Accepts connections on a thread of its own and deals them out in turn, so that every worker gets its share also in short tests.
fn accept(
    listener: TcpListener,
    workers: Vec<UnboundedSender<Command>>,
    stopping: Arc<AtomicBool>,
) -> anyhow::Result<()> {
    let next = AtomicUsize::new(0);
    std::thread::Builder::new()
        .name("accept".into())
        .spawn(move || {
            for socket in listener.incoming() {
                if stopping.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(socket) = socket else { continue };
                let index = next.fetch_add(1, Ordering::Relaxed) % workers.len();
                if let Some(worker) = workers.get(index) {
                    // A worker that is gone closes the connection by dropping it.
                    let _ = worker.send(Command::Connection(socket));
                }
            }
        })?;
    Ok(())
}

impl Common {
    fn new(config: ProxyConfig) -> anyhow::Result<Common> {
        for route in &config.routes {
            anyhow::ensure!(
                config
                    .upstreams
                    .iter()
                    .any(|upstream| upstream.name == route.upstream),
                "route to unknown upstream `{}`",
                route.upstream
            );
        }
        let tls = config
            .listener
            .tls
            .as_ref()
            .map(tls::Acceptor::new)
            .transpose()?;
        let jwt = config.jwt.as_ref().map(jwt::Verifier::new).transpose()?;
        Ok(Common {
            tls,
            jwt: jwt.map(Arc::new),
            metrics: Metrics::default(),
            logs: Logs::new(config.log_level),
            diagnostics: Diagnostics::default(),
            shared: Shared::default(),
            connections: std::sync::atomic::AtomicU64::new(0),
            vms: std::sync::atomic::AtomicU64::new(0),
            config,
        })
    }
}

/// Level of the proxy's own remarks.
const REMARK: LogLevel = LogLevel::Warn;
