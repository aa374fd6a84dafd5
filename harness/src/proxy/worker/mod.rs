//! A worker: one thread, one event loop, one VM, a share of the connections.

mod call;
mod filter;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    net::TcpStream,
    rc::{Rc, Weak},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::{
    sync::{
        Notify,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        oneshot,
    },
    task::{LocalSet, spawn_local},
};

use super::{
    REMARK, Rejected,
    access_log::Format,
    config::{FilterConfig, ProxyConfig, RouteConfig, UpstreamConfig},
    connection,
    filter::{Chain, ChainSettings, PluginHost, Work},
    jwt::Verifier,
    tls::Acceptor,
    upstream::Pool,
};
use crate::vm::{
    Diagnostics, Headers, Logs, Metrics, Module, PluginNames, Services, Shared, TickChange,
};
pub(crate) use filter::try_configure;
use filter::{Filter, services};

/// How long open exchanges may go on after a stop.
const DRAIN: Duration = Duration::from_secs(5);

/// What all workers share.
pub(crate) struct Common {
    pub(crate) config: ProxyConfig,
    pub(crate) tls: Option<Acceptor>,
    pub(crate) jwt: Option<Arc<Verifier>>,
    pub(crate) metrics: Metrics,
    pub(crate) logs: Logs,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) shared: Shared,
    pub(crate) connections: AtomicU64,
    pub(crate) vms: AtomicU64,
}

/// What reaches a worker from outside its event loop.
pub(crate) enum Command {
    Connection(TcpStream),
    Update(
        Box<FilterConfig>,
        Module,
        oneshot::Sender<Result<(), Rejected>>,
    ),
    QueueReady {
        vm: u64,
        root: u32,
        token: u32,
    },
    Work {
        vm: u64,
        work: Work,
    },
    Stop,
}

pub(crate) struct Worker {
    pub(crate) config: ProxyConfig,
    pub(crate) common: Arc<Common>,
    pub(crate) services: Services,
    pub(crate) pool: Rc<Pool>,
    pub(crate) jwt: Option<Arc<Verifier>>,
    pub(crate) formats: Vec<Format>,
    /// Told when connections should end after their current exchange.
    pub(crate) drain: Notify,
    pub(crate) draining: Cell<bool>,
    open: Cell<usize>,
    filter: RefCell<Option<Filter>>,
    hosts: RefCell<HashMap<u64, Weak<PluginHost>>>,
    ticks: RefCell<HashMap<(u64, u32), u64>>,
    commands: UnboundedSender<Command>,
}

/// Starts a worker's thread. `ready` learns whether the filter came up.
pub(crate) fn start(
    index: usize,
    common: Arc<Common>,
    module: Option<Module>,
    ready: oneshot::Sender<Result<(), Rejected>>,
) -> anyhow::Result<(UnboundedSender<Command>, JoinHandle<()>)> {
    let (commands, inbox) = unbounded_channel();
    let own = commands.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let thread = std::thread::Builder::new()
        .name(format!("worker-{index}"))
        .spawn(move || {
            let worker = Worker::new(common, own);
            let configured = match (module, worker.config.filter.clone()) {
                (Some(module), Some(filter)) => worker.install(filter, module),
                _ => Ok(()),
            };
            if ready.send(configured).is_ok() {
                LocalSet::new().block_on(&runtime, worker.run(inbox));
            }
        })?;
    Ok((commands, thread))
}

impl Worker {
    fn new(common: Arc<Common>, commands: UnboundedSender<Command>) -> Rc<Worker> {
        Rc::new(Worker {
            config: common.config.clone(),
            services: services(&common, Arc::new(|_, _| {})),
            pool: Rc::default(),
            jwt: common.jwt.clone(),
            formats: common
                .config
                .access_logs
                .iter()
                .map(|format| Format::text(format))
                .chain(common.config.json_access_logs.iter().map(Format::json))
                .collect(),
            drain: Notify::new(),
            draining: Cell::new(false),
            open: Cell::new(0),
            filter: RefCell::default(),
            hosts: RefCell::default(),
            ticks: RefCell::default(),
            commands,
            common,
        })
    }

    async fn run(self: Rc<Self>, mut inbox: UnboundedReceiver<Command>) {
        while let Some(command) = inbox.recv().await {
            match command {
                Command::Connection(socket) => self.open(socket),
                Command::Update(filter, module, done) => {
                    // The caller may have gone; the update stands.
                    let _ = done.send(self.install(*filter, module));
                }
                Command::QueueReady { vm, root, token } => {
                    if let Some(host) = self.host(vm) {
                        host.queue_ready(root, token);
                    }
                }
                Command::Work {
                    vm,
                    work: Work::Tick(change),
                } => self.set_tick(vm, change),
                Command::Work {
                    vm,
                    work: Work::Call(call),
                } => {
                    spawn_local(self.clone().call(vm, call));
                }
                Command::Stop => break,
            }
        }
        self.draining.set(true);
        self.drain.notify_waiters();
        let deadline = Instant::now() + DRAIN;
        while self.open.get() > 0 && Instant::now() < deadline {
            // Modules may still post to streams that are ending.
            match tokio::time::timeout(Duration::from_millis(20), inbox.recv()).await {
                Ok(Some(Command::QueueReady { vm, root, token })) => {
                    if let Some(host) = self.host(vm) {
                        host.queue_ready(root, token);
                    }
                }
                Ok(None) => break,
                _ => {}
            }
        }
        self.filter.borrow_mut().take();
    }

    fn open(self: &Rc<Self>, socket: TcpStream) {
        self.open.set(self.open.get() + 1);
        self.count("downstream_cx_total");
        let worker = self.clone();
        spawn_local(async move {
            let id = worker.common.connections.fetch_add(1, Ordering::Relaxed) + 1;
            if let Err(error) = connection::serve(&worker, socket, id).await {
                worker
                    .services
                    .logs
                    .push(REMARK, "proxy", format!("connection {id}: {error:#}"));
            }
            worker.open.set(worker.open.get() - 1);
        });
    }

    pub(crate) fn plugin_names(&self) -> Arc<PluginNames> {
        self.filter
            .borrow()
            .as_ref()
            .map(|filter| filter.names.clone())
            .unwrap_or_default()
    }

    pub(crate) fn chain_settings(&self, http1: bool) -> ChainSettings {
        let listener = &self.config.listener;
        ChainSettings {
            buffer_limit: if http1 {
                listener.per_connection_buffer_limit_bytes
            } else {
                listener.http2_initial_stream_window_bytes as usize
            },
            allow_on_headers_stop_iteration: self
                .filter
                .borrow()
                .as_ref()
                .is_some_and(|filter| filter.config.allow_on_headers_stop_iteration),
            decompress: self.config.decompressor.clone(),
            diagnostics: self.services.diagnostics.clone(),
        }
    }

    /// The first route that fits.
    pub(crate) fn route(&self, headers: &Headers) -> Option<&RouteConfig> {
        let authority = headers.text(b":authority");
        let host = authority
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
            .map_or(authority, |(host, _)| host);
        let path = headers.text(b":path");
        let connect = headers.text(b":method") == "CONNECT" && path.is_empty();
        self.config.routes.iter().find(|route| {
            let named = route.authority.as_deref().is_none_or(|wanted| {
                wanted.eq_ignore_ascii_case(host) || wanted.eq_ignore_ascii_case(authority)
            });
            named && (connect || path.starts_with(&route.prefix))
        })
    }

    pub(crate) fn upstream(&self, route: &RouteConfig) -> Option<UpstreamConfig> {
        self.config
            .upstreams
            .iter()
            .find(|upstream| upstream.name == route.upstream)
            .cloned()
    }

    /// What the router adds to a request on its way out.
    pub(crate) fn router_request_headers(&self, headers: &mut Headers, route: &RouteConfig) {
        for coding in &self.config.decompressor {
            if !headers.text(b"accept-encoding").contains(coding.as_str()) {
                headers.add(b"accept-encoding", coding.as_bytes());
            }
        }
        if self.config.router_headers && route.timeout_ms > 0 {
            headers.replace(
                b"x-envoy-expected-rq-timeout-ms",
                route.timeout_ms.to_string().as_bytes(),
            );
        }
    }

    /// What the router adds to a response before the filter sees it.
    pub(crate) fn router_response_headers(&self, headers: &mut Headers, chain: &Chain) {
        if self.config.router_headers {
            let waited = chain
                .state
                .borrow()
                .properties
                .upstream_started
                .map_or(0, |at| at.elapsed().as_millis());
            headers.replace(
                b"x-envoy-upstream-service-time",
                waited.to_string().as_bytes(),
            );
        }
    }

    pub(crate) fn count(&self, name: &str) {
        self.common
            .metrics
            .add(&format!("http.ingress_http.{name}"), 1);
    }

    pub(crate) fn count_response(&self, status: &str) {
        if let Some(class) = status.get(..1) {
            self.count(&format!("downstream_rq_{class}xx"));
        }
    }

    fn host(&self, vm: u64) -> Option<Rc<PluginHost>> {
        self.hosts.borrow().get(&vm).and_then(Weak::upgrade)
    }

    fn set_tick(self: &Rc<Self>, vm: u64, change: TickChange) {
        let generation = {
            let mut ticks = self.ticks.borrow_mut();
            let slot = ticks.entry((vm, change.root)).or_insert(0);
            *slot += 1;
            *slot
        };
        if change.period.is_zero() {
            return;
        }
        let worker = self.clone();
        spawn_local(async move {
            loop {
                tokio::time::sleep(change.period).await;
                let current = worker.ticks.borrow().get(&(vm, change.root)) == Some(&generation);
                match worker.host(vm) {
                    Some(host) if current && !host.failed() => host.tick(change.root),
                    _ => return,
                }
            }
        });
    }
}
