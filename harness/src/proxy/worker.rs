//! A worker: one thread, one event loop, one VM, a share of the connections.

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
    codec::Event,
    config::{FailurePolicy, FilterConfig, ProxyConfig, RouteConfig, UpstreamConfig},
    connection,
    filter::{Chain, ChainSettings, PluginHost, Root, Work},
    jwt::Verifier,
    tls::Acceptor,
    upstream::{Exchange, Pool, UpstreamEvent},
};
use crate::vm::{
    Diagnostics, Headers, HttpCall, HttpCallResponse, Logs, Metrics, Module, Plugin, PluginNames,
    Services, Shared, TickChange, Vm, VmSettings,
};

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

/// The filter of this worker.
struct Filter {
    config: FilterConfig,
    module: Module,
    names: Arc<PluginNames>,
    root: Option<Rc<Root>>,
    failed: Option<Instant>,
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

/// Configures a filter in a VM that is thrown away.
pub(crate) fn try_configure(
    common: &Common,
    filter: &FilterConfig,
    module: &Module,
) -> Result<(), Rejected> {
    let mut vm = Vm::new(
        module,
        settings(filter),
        services(common, Arc::new(|_, _| {})),
    )
    .map_err(|trap| Rejected(trap.to_string()))?;
    match vm.configure(plugin(filter)) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(Rejected(
            "the module did not accept its configuration; see its log".into(),
        )),
        Err(trap) => Err(Rejected(trap.to_string())),
    }
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

    /// Puts a configuration in force: in the running VM when only the plugin changed, else in a new one.
    fn install(self: &Rc<Self>, config: FilterConfig, module: Module) -> Result<(), Rejected> {
        let same = |filter: &Filter| {
            settings(&filter.config) == settings(&config)
                && filter.module.digest() == module.digest()
        };
        let running = self
            .filter
            .borrow()
            .as_ref()
            .filter(|filter| same(filter))
            .and_then(|filter| filter.root.as_ref().map(|root| root.host.clone()));
        let host = match running.filter(|host| !host.failed()) {
            Some(host) => host,
            None => self.start_vm(&config, &module)?,
        };
        let root = match host.configure(plugin(&config)) {
            Ok(Some(root)) => root,
            Ok(None) => {
                return Err(Rejected(
                    "the module did not accept its configuration; see its log".into(),
                ));
            }
            Err(trap) => return Err(Rejected(trap.to_string())),
        };
        let names = Arc::new(PluginNames {
            name: config.name.clone(),
            root_id: config.root_id.clone(),
            vm_id: config.vm_id.clone(),
        });
        let old = self.filter.borrow_mut().replace(Filter {
            config,
            module,
            names,
            root: Some(root),
            failed: None,
        });
        // The module learns of the end of the old root here, or with its last stream.
        drop(old);
        Ok(())
    }

    fn start_vm(
        self: &Rc<Self>,
        config: &FilterConfig,
        module: &Module,
    ) -> Result<Rc<PluginHost>, Rejected> {
        let number = self.common.vms.fetch_add(1, Ordering::Relaxed);
        let commands = self.commands.clone();
        let ready = move |root, token| {
            // A worker that stopped has no streams to wake.
            let _ = commands.send(Command::QueueReady {
                vm: number,
                root,
                token,
            });
        };
        let vm = Vm::new(
            module,
            settings(config),
            services(&self.common, Arc::new(ready)),
        )
        .map_err(|trap| Rejected(trap.to_string()))?;
        let commands = self.commands.clone();
        let post = move |work| {
            let _ = commands.send(Command::Work { vm: number, work });
        };
        let host = PluginHost::new(vm, Box::new(post));
        self.hosts.borrow_mut().insert(number, Rc::downgrade(&host));
        Ok(host)
    }

    fn host(&self, vm: u64) -> Option<Rc<PluginHost>> {
        self.hosts.borrow().get(&vm).and_then(Weak::upgrade)
    }

    /// The root for a new stream, and whether the stream must be refused because the VM failed.
    pub(crate) fn root(self: &Rc<Self>) -> (Option<Rc<Root>>, bool) {
        let Some((config, module, root, failed)) =
            self.filter.borrow_mut().as_mut().map(|filter| {
                if filter.root.as_ref().is_some_and(|root| root.host.failed()) {
                    filter.failed.get_or_insert_with(Instant::now);
                }
                (
                    filter.config.clone(),
                    filter.module.clone(),
                    filter.root.clone(),
                    filter.failed,
                )
            })
        else {
            return (None, false);
        };
        let Some(failed) = failed else {
            return (root, false);
        };
        match config.failure_policy {
            FailurePolicy::FailOpen => (None, false),
            FailurePolicy::FailClosed => (None, true),
            FailurePolicy::FailReload
                if failed.elapsed() < Duration::from_millis(config.reload_backoff_ms) =>
            {
                self.count_wasm(&config, "vm_reload_backoff");
                (None, true)
            }
            FailurePolicy::FailReload => match self.install(config.clone(), module) {
                Ok(()) => {
                    self.count_wasm(&config, "vm_reload");
                    self.count_wasm(&config, "vm_reload_success");
                    (
                        self.filter
                            .borrow()
                            .as_ref()
                            .and_then(|filter| filter.root.clone()),
                        false,
                    )
                }
                Err(_) => {
                    self.count_wasm(&config, "vm_reload_failure");
                    if let Some(filter) = self.filter.borrow_mut().as_mut() {
                        filter.failed = Some(Instant::now());
                    }
                    (None, true)
                }
            },
        }
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

    fn count_wasm(&self, config: &FilterConfig, name: &str) {
        self.common
            .metrics
            .add(&format!("wasm.{}.{name}", config.name), 1);
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

    /// Makes an HTTP call of the module. Failures are responses too: 503 without a connection, 504 after the timeout.
    async fn call(self: Rc<Self>, vm: u64, call: HttpCall) {
        let upstream = self
            .config
            .upstreams
            .iter()
            .find(|upstream| upstream.name == call.upstream)
            .cloned();
        let response = match upstream {
            Some(upstream) => {
                tokio::time::timeout(call.timeout, request(self.pool.clone(), upstream, &call))
                    .await
                    .unwrap_or_else(|_| made(504, "upstream request timeout"))
            }
            None => HttpCallResponse::default(),
        };
        if let Some(host) = self.host(vm) {
            host.http_call_response(call.root, call.token, response);
        }
    }
}

async fn request(pool: Rc<Pool>, upstream: UpstreamConfig, call: &HttpCall) -> HttpCallResponse {
    let mut headers = call.headers.clone();
    if !call.body.is_empty() {
        headers.replace(b"content-length", call.body.len().to_string().as_bytes());
    }
    let mut exchange = Exchange::start(pool, upstream, headers, call.body.is_empty());
    if !call.body.is_empty() {
        exchange.data(call.body.clone().into(), true);
    }
    let mut response = HttpCallResponse::default();
    loop {
        match exchange.next(true).await {
            UpstreamEvent::Flushed => continue,
            UpstreamEvent::Headers(headers, end) => {
                response.headers = headers;
                if !end {
                    continue;
                }
            }
            UpstreamEvent::Body(Event::Data(data, end)) => {
                response.body.extend_from_slice(&data);
                if !end {
                    continue;
                }
            }
            UpstreamEvent::Body(Event::Trailers(trailers)) => response.trailers = trailers,
            UpstreamEvent::Body(Event::Gone(_)) if response.headers.is_empty() => {
                response = made(
                    503,
                    "upstream connect error or disconnect/reset before headers. reset reason: connection termination",
                );
            }
            UpstreamEvent::Body(Event::Gone(_)) => response = HttpCallResponse::default(),
            UpstreamEvent::ConnectFailed => {
                response = made(
                    503,
                    "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure",
                );
            }
        }
        exchange.finish();
        return response;
    }
}

fn made(status: u16, body: &str) -> HttpCallResponse {
    let status = status.to_string();
    let headers = [
        (&b":status"[..], status.as_bytes()),
        (b"content-type", b"text/plain"),
    ]
    .into_iter()
    .collect();
    HttpCallResponse {
        headers,
        body: body.into(),
        trailers: Headers::default(),
    }
}

fn services(common: &Common, queue_ready: Arc<dyn Fn(u32, u32) + Send + Sync>) -> Services {
    Services {
        shared: common.shared.clone(),
        metrics: common.metrics.clone(),
        logs: common.logs.clone(),
        diagnostics: common.diagnostics.clone(),
        queue_ready,
        upstreams: Arc::new(
            common
                .config
                .upstreams
                .iter()
                .map(|upstream| upstream.name.clone())
                .collect(),
        ),
    }
}

fn settings(filter: &FilterConfig) -> VmSettings {
    VmSettings {
        vm_id: filter.vm_id.clone(),
        configuration: filter.vm_configuration.clone(),
        environment: filter.environment.clone(),
        deadline: Duration::from_millis(filter.callback_deadline_ms),
    }
}

fn plugin(filter: &FilterConfig) -> Plugin {
    Plugin {
        name: filter.name.clone(),
        root_id: filter.root_id.clone(),
        configuration: filter.configuration.clone(),
    }
}
