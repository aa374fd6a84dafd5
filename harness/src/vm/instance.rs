//! One running instance of a module, and its callbacks.
//!
//! A callback that traps, or runs past its deadline, fails the whole VM: its memory can no longer be trusted, so nothing is called again.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc, time::Duration};

use wasmtime::{Instance, Linker, Store, TypedFunc, WasmParams, WasmResults};

use super::{
    Deferred, HttpCall, HttpCallResponse, LogLevel, Module, Plugin, Services, StreamState,
    TickChange, hostcalls,
    module::{EPOCH, engine},
    state::{Context, Phase, State},
    wasi,
};

/// Settings of a VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmSettings {
    /// Scope of shared data.
    pub vm_id: String,
    /// Bytes readable during `proxy_on_vm_start`.
    pub configuration: Vec<u8>,
    /// Environment variables of the module.
    pub environment: BTreeMap<String, String>,
    /// How long one callback may run. Envoy has no such limit and its worker would hang.
    pub deadline: Duration,
}

impl Default for VmSettings {
    fn default() -> VmSettings {
        VmSettings {
            vm_id: String::new(),
            configuration: Vec::new(),
            environment: BTreeMap::new(),
            deadline: Duration::from_secs(10),
        }
    }
}

/// The VM failed; the reason is in the log too.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Trap(pub String);

/// A running module. Bound to the thread that made it.
pub struct Vm {
    store: Store<State>,
    exports: Exports,
    last_context: u32,
    failed: bool,
}

impl Vm {
    /// Starts an instance: links, instantiates, initialises. No context exists yet.
    ///
    /// # Errors
    /// When the module imports something this host lacks, exports no memory, or traps.
    pub fn new(module: &Module, settings: VmSettings, services: Services) -> Result<Vm, Trap> {
        let engine = engine().map_err(|error| Trap(error.to_string()))?;
        let mut linker = Linker::new(engine);
        hostcalls::link(&mut linker)
            .and_then(|()| wasi::link(&mut linker))
            .map_err(|error| Trap(format!("{error:#}")))?;
        let state = State {
            memory: None,
            allocate: None,
            settings,
            services,
            contexts: std::collections::HashMap::new(),
            effective: 0,
            deferred: Vec::new(),
            stop_iteration: false,
            ticks: Vec::new(),
            calls: Vec::new(),
            last_call: 0,
            call_response: None,
            metrics: Vec::new(),
            phase: Phase::Other,
        };
        let mut store = Store::new(engine, state);
        let ticks = deadline_ticks(store.data().settings.deadline);
        store.set_epoch_deadline(ticks);
        let instance = linker
            .instantiate(&mut store, &module.code)
            .map_err(|error| Trap(format!("cannot start the module: {error:#}")))?;
        let memory = instance
            .get_memory(&mut store, "memory")
            .ok_or_else(|| Trap("the module exports no memory".into()))?;
        let exports = Exports::find(&instance, &mut store);
        store.data_mut().memory = Some(memory);
        store.data_mut().allocate = exports.allocate.clone();
        let mut vm = Vm {
            store,
            exports,
            last_context: 0,
            failed: false,
        };
        match (vm.exports.initialize.clone(), vm.exports.start.clone()) {
            (Some(initialize), _) => vm.call("_initialize", 0, Some(initialize), ())?,
            (None, start) => vm.call("_start", 0, start, ())?,
        };
        Ok(vm)
    }

    /// Creates a root context and configures it. `None`: the module said no, in its log.
    ///
    /// # Errors
    /// When the module traps.
    pub fn configure(&mut self, plugin: Plugin) -> Result<Option<u32>, Trap> {
        let root = self.next_context();
        let size = length(plugin.configuration.len());
        self.store
            .data_mut()
            .contexts
            .insert(root, Context::Root(Arc::new(plugin)));
        self.call(
            "proxy_on_context_create",
            root,
            self.exports.context_create.clone(),
            (root as i32, 0),
        )?;
        self.store.data_mut().phase = Phase::VmStart;
        let vm_size = length(self.store.data().settings.configuration.len());
        let started = self.call(
            "proxy_on_vm_start",
            root,
            self.exports.vm_start.clone(),
            (root as i32, vm_size),
        );
        self.store.data_mut().phase = Phase::Configure;
        let started = started?;
        let configured = match started {
            Some(0) => Ok(Some(0)),
            _ => self.call(
                "proxy_on_configure",
                root,
                self.exports.configure.clone(),
                (root as i32, size),
            ),
        };
        self.store.data_mut().phase = Phase::Other;
        Ok((configured? != Some(0)).then_some(root))
    }

    /// Ends a root context whose streams are gone.
    ///
    /// # Errors
    /// When the module traps.
    pub fn delete_root(&mut self, root: u32) -> Result<(), Trap> {
        self.call(
            "proxy_on_done",
            root,
            self.exports.done.clone(),
            root as i32,
        )?;
        self.call(
            "proxy_on_delete",
            root,
            self.exports.delete.clone(),
            root as i32,
        )?;
        self.store.data_mut().contexts.remove(&root);
        Ok(())
    }

    /// Creates a stream context under a root context.
    ///
    /// # Errors
    /// When the module traps.
    pub fn create_stream(
        &mut self,
        root: u32,
        state: Rc<RefCell<StreamState>>,
    ) -> Result<u32, Trap> {
        let id = self.next_context();
        self.store
            .data_mut()
            .contexts
            .insert(id, Context::Stream { root, state });
        self.call(
            "proxy_on_context_create",
            id,
            self.exports.context_create.clone(),
            (id as i32, root as i32),
        )?;
        Ok(id)
    }

    /// `proxy_on_request_headers`: the raw return code, `u32::MAX` when the module answered by itself, 0 when it exports no such callback.
    ///
    /// # Errors
    /// When the module traps.
    pub fn request_headers(&mut self, id: u32, count: usize, end: bool) -> Result<u32, Trap> {
        self.on_headers(
            "proxy_on_request_headers",
            id,
            self.exports.request_headers.clone(),
            count,
            end,
        )
    }

    /// `proxy_on_response_headers`, as [`Vm::request_headers`].
    ///
    /// # Errors
    /// When the module traps.
    pub fn response_headers(&mut self, id: u32, count: usize, end: bool) -> Result<u32, Trap> {
        self.on_headers(
            "proxy_on_response_headers",
            id,
            self.exports.response_headers.clone(),
            count,
            end,
        )
    }

    /// `proxy_on_request_body`, as [`Vm::request_headers`].
    ///
    /// # Errors
    /// When the module traps.
    pub fn request_body(&mut self, id: u32, size: usize, end: bool) -> Result<u32, Trap> {
        let result = self.call(
            "proxy_on_request_body",
            id,
            self.exports.request_body.clone(),
            (id as i32, length(size), i32::from(end)),
        )?;
        Ok(self.action(result))
    }

    /// `proxy_on_response_body`, as [`Vm::request_headers`].
    ///
    /// # Errors
    /// When the module traps.
    pub fn response_body(&mut self, id: u32, size: usize, end: bool) -> Result<u32, Trap> {
        let result = self.call(
            "proxy_on_response_body",
            id,
            self.exports.response_body.clone(),
            (id as i32, length(size), i32::from(end)),
        )?;
        Ok(self.action(result))
    }

    /// `proxy_on_request_trailers`, as [`Vm::request_headers`].
    ///
    /// # Errors
    /// When the module traps.
    pub fn request_trailers(&mut self, id: u32, count: usize) -> Result<u32, Trap> {
        let result = self.call(
            "proxy_on_request_trailers",
            id,
            self.exports.request_trailers.clone(),
            (id as i32, length(count)),
        )?;
        Ok(self.action(result))
    }

    /// `proxy_on_response_trailers`, as [`Vm::request_headers`].
    ///
    /// # Errors
    /// When the module traps.
    pub fn response_trailers(&mut self, id: u32, count: usize) -> Result<u32, Trap> {
        let result = self.call(
            "proxy_on_response_trailers",
            id,
            self.exports.response_trailers.clone(),
            (id as i32, length(count)),
        )?;
        Ok(self.action(result))
    }

    /// `proxy_on_log`, then `proxy_on_done` and `proxy_on_delete`: the order in which Envoy ends a stream.
    ///
    /// # Errors
    /// When the module traps.
    pub fn finish_stream(&mut self, id: u32) -> Result<(), Trap> {
        let result = self.end_stream(id);
        self.store.data_mut().contexts.remove(&id);
        result
    }

    /// `proxy_on_tick`.
    ///
    /// # Errors
    /// When the module traps.
    pub fn tick(&mut self, root: u32) -> Result<(), Trap> {
        self.on_root(
            root,
            "proxy_on_tick",
            self.exports.tick.clone(),
            root as i32,
        )
    }

    /// `proxy_on_queue_ready`.
    ///
    /// # Errors
    /// When the module traps.
    pub fn queue_ready(&mut self, root: u32, token: u32) -> Result<(), Trap> {
        self.on_root(
            root,
            "proxy_on_queue_ready",
            self.exports.queue_ready.clone(),
            (root as i32, token as i32),
        )
    }

    /// `proxy_on_http_call_response`; a call that failed has no headers.
    ///
    /// # Errors
    /// When the module traps.
    pub fn http_call_response(
        &mut self,
        root: u32,
        token: u32,
        response: HttpCallResponse,
    ) -> Result<(), Trap> {
        let (headers, body, trailers) = (
            length(response.headers.len()),
            length(response.body.len()),
            length(response.trailers.len()),
        );
        self.store.data_mut().call_response = Some(response);
        let callback = self.exports.http_call_response.clone();
        let result = self.on_root(
            root,
            "proxy_on_http_call_response",
            callback,
            (root as i32, token as i32, headers, body, trailers),
        );
        self.store.data_mut().call_response = None;
        result
    }

    /// What the module asked for during the last call, with the stream context it is for.
    pub fn take_deferred(&mut self) -> Vec<(u32, Deferred)> {
        std::mem::take(&mut self.store.data_mut().deferred)
    }

    /// Timers set since the last time.
    pub fn take_ticks(&mut self) -> Vec<TickChange> {
        std::mem::take(&mut self.store.data_mut().ticks)
    }

    /// HTTP calls made since the last time.
    pub fn take_calls(&mut self) -> Vec<HttpCall> {
        std::mem::take(&mut self.store.data_mut().calls)
    }

    /// Whether the VM trapped.
    pub fn failed(&self) -> bool {
        self.failed
    }

    /// Size of the module's memory in bytes.
    pub fn memory_size(&self) -> usize {
        self.store
            .data()
            .memory
            .map_or(0, |memory| memory.data_size(&self.store))
    }

    fn end_stream(&mut self, id: u32) -> Result<(), Trap> {
        if let Some(Context::Stream { state, .. }) = self.store.data().contexts.get(&id) {
            state.borrow_mut().logging = true;
        }
        self.call("proxy_on_log", id, self.exports.log.clone(), id as i32)?;
        self.call("proxy_on_done", id, self.exports.done.clone(), id as i32)?;
        self.call(
            "proxy_on_delete",
            id,
            self.exports.delete.clone(),
            id as i32,
        )?;
        let late = self.take_deferred();
        for (_, action) in late.into_iter().filter(|(context, _)| *context == id) {
            if let Deferred::Reply(_) | Deferred::Close(_) = action {
                self.store.data().services.diagnostics.report("the module replied to or closed a stream while it was logged or deleted: Envoy crashes");
            }
        }
        Ok(())
    }

    fn on_headers(
        &mut self,
        name: &'static str,
        id: u32,
        callback: Option<OnHeaders>,
        count: usize,
        end: bool,
    ) -> Result<u32, Trap> {
        let result = match callback {
            Some(OnHeaders::WithEnd(callback)) => self.call(
                name,
                id,
                Some(callback),
                (id as i32, length(count), i32::from(end)),
            )?,
            Some(OnHeaders::WithoutEnd(callback)) => {
                self.call(name, id, Some(callback), (id as i32, length(count)))?
            }
            None => None,
        };
        Ok(self.action(result))
    }

    fn on_root<P: WasmParams>(
        &mut self,
        root: u32,
        name: &'static str,
        callback: Option<TypedFunc<P, ()>>,
        params: P,
    ) -> Result<(), Trap> {
        if self.store.data().contexts.contains_key(&root) {
            self.call(name, root, callback, params)?;
        }
        Ok(())
    }

    fn action(&mut self, result: Option<i32>) -> u32 {
        if std::mem::take(&mut self.store.data_mut().stop_iteration) {
            u32::MAX
        } else {
            result.unwrap_or(0) as u32
        }
    }

    fn call<P: WasmParams, R: WasmResults>(
        &mut self,
        name: &'static str,
        context: u32,
        callback: Option<TypedFunc<P, R>>,
        params: P,
    ) -> Result<Option<R>, Trap> {
        if self.failed {
            return Err(Trap("the VM failed earlier".into()));
        }
        let Some(callback) = callback else {
            return Ok(None);
        };
        self.store.data_mut().effective = context;
        let ticks = deadline_ticks(self.store.data().settings.deadline);
        self.store.set_epoch_deadline(ticks);
        callback
            .call(&mut self.store, params)
            .map(Some)
            .map_err(|error| self.fail(name, &error))
    }

    fn fail(&mut self, name: &str, error: &wasmtime::Error) -> Trap {
        self.failed = true;
        let services = &self.store.data().services;
        let reason = match error.downcast_ref::<wasmtime::Trap>() {
            Some(wasmtime::Trap::Interrupt) => {
                services.diagnostics.report(format!(
                    "{name} ran past its deadline and was stopped: Envoy's worker hangs for ever"
                ));
                "stopped at its deadline".to_owned()
            }
            Some(trap) => trap.to_string(),
            None => format!("{error:#}"),
        };
        let text = format!("Function: {name} failed: {reason}");
        services
            .logs
            .push(LogLevel::Critical, "proxy", text.clone());
        Trap(text)
    }

    fn next_context(&mut self) -> u32 {
        self.last_context += 1;
        self.last_context
    }
}

fn length(len: usize) -> i32 {
    i32::try_from(len).unwrap_or(i32::MAX)
}

fn deadline_ticks(deadline: Duration) -> u64 {
    u64::try_from(deadline.as_millis() / EPOCH.as_millis())
        .unwrap_or(u64::MAX)
        .clamp(1, u64::MAX / 2)
}

/// A header callback, as ABI 0.2 and as ABI 0.1 declare it.
#[derive(Clone)]
enum OnHeaders {
    WithEnd(TypedFunc<(i32, i32, i32), i32>),
    WithoutEnd(TypedFunc<(i32, i32), i32>),
}

type OnCallResponse = TypedFunc<(i32, i32, i32, i32, i32), ()>;

/// What the module exports. A callback it lacks is as if it returned "continue".
struct Exports {
    initialize: Option<TypedFunc<(), ()>>,
    start: Option<TypedFunc<(), ()>>,
    allocate: Option<TypedFunc<i32, i32>>,
    context_create: Option<TypedFunc<(i32, i32), ()>>,
    vm_start: Option<TypedFunc<(i32, i32), i32>>,
    configure: Option<TypedFunc<(i32, i32), i32>>,
    tick: Option<TypedFunc<i32, ()>>,
    queue_ready: Option<TypedFunc<(i32, i32), ()>>,
    http_call_response: Option<OnCallResponse>,
    request_headers: Option<OnHeaders>,
    request_body: Option<TypedFunc<(i32, i32, i32), i32>>,
    request_trailers: Option<TypedFunc<(i32, i32), i32>>,
    response_headers: Option<OnHeaders>,
    response_body: Option<TypedFunc<(i32, i32, i32), i32>>,
    response_trailers: Option<TypedFunc<(i32, i32), i32>>,
    done: Option<TypedFunc<i32, i32>>,
    log: Option<TypedFunc<i32, ()>>,
    delete: Option<TypedFunc<i32, ()>>,
}

impl Exports {
    fn find(instance: &Instance, store: &mut Store<State>) -> Exports {
        fn get<P: WasmParams, R: WasmResults>(
            instance: &Instance,
            store: &mut Store<State>,
            name: &str,
        ) -> Option<TypedFunc<P, R>> {
            instance.get_typed_func(store, name).ok()
        }
        fn on_headers(
            instance: &Instance,
            store: &mut Store<State>,
            name: &str,
        ) -> Option<OnHeaders> {
            get(instance, store, name)
                .map(OnHeaders::WithEnd)
                .or_else(|| get(instance, store, name).map(OnHeaders::WithoutEnd))
        }
        Exports {
            initialize: get(instance, store, "_initialize"),
            start: get(instance, store, "_start"),
            allocate: get(instance, store, "proxy_on_memory_allocate")
                .or_else(|| get(instance, store, "malloc")),
            context_create: get(instance, store, "proxy_on_context_create"),
            vm_start: get(instance, store, "proxy_on_vm_start"),
            configure: get(instance, store, "proxy_on_configure"),
            tick: get(instance, store, "proxy_on_tick"),
            queue_ready: get(instance, store, "proxy_on_queue_ready"),
            http_call_response: get(instance, store, "proxy_on_http_call_response"),
            request_headers: on_headers(instance, store, "proxy_on_request_headers"),
            request_body: get(instance, store, "proxy_on_request_body"),
            request_trailers: get(instance, store, "proxy_on_request_trailers"),
            response_headers: on_headers(instance, store, "proxy_on_response_headers"),
            response_body: get(instance, store, "proxy_on_response_body"),
            response_trailers: get(instance, store, "proxy_on_response_trailers"),
            done: get(instance, store, "proxy_on_done"),
            log: get(instance, store, "proxy_on_log"),
            delete: get(instance, store, "proxy_on_delete"),
        }
    }
}
