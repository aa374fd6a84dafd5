//! One running instance of a module, and its callbacks.
//!
//! A callback that traps, or runs past its deadline, fails the whole VM: its memory can no longer be trusted, so nothing is called again.

mod exports;
mod stream;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use wasmtime::{Linker, Store, TypedFunc, WasmParams, WasmResults};

use super::{
    ByteSize, Deferred, HttpCall, HttpCallResponse, LogLevel, Module, Plugin, Services, TickChange,
    hostcalls,
    memory::LinearMemory,
    module::{EPOCH, engine},
    state::{Context, Phase, State},
    wasi,
};
use exports::Exports;

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
    /// How large the module's linear memory may become; 4 GiB when absent. In Envoy it is about 1 GiB.
    pub memory: Option<ByteSize>,
}

impl Default for VmSettings {
    fn default() -> VmSettings {
        VmSettings {
            vm_id: String::new(),
            configuration: Vec::new(),
            environment: BTreeMap::new(),
            deadline: Duration::from_secs(10),
            memory: None,
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
            linear_memory: LinearMemory::new(settings.memory, services.metrics.clone()),
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
        store.limiter(|state| &mut state.linear_memory);
        let ticks = deadline_ticks(store.data().settings.deadline);
        store.set_epoch_deadline(ticks);
        let instance = linker
            .instantiate(&mut store, &module.code)
            .map_err(|error| {
                let complaint = store.data_mut().linear_memory.complaint();
                let why = complaint.unwrap_or_else(|| format!("{error:#}"));
                Trap(format!("cannot start the module: {why}"))
            })?;
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
        // A reply stops the callback it was made in, and none after it.
        self.store.data_mut().stop_iteration = false;
        let ticks = deadline_ticks(self.store.data().settings.deadline);
        self.store.set_epoch_deadline(ticks);
        let result = callback.call(&mut self.store, params);
        let complaint = self.store.data_mut().linear_memory.complaint();
        if let Some(complaint) = &complaint {
            let finding = format!("{name}: {complaint}");
            self.store.data().services.diagnostics.report(finding);
        }
        result
            .map(Some)
            .map_err(|error| self.fail(name, &error, complaint))
    }

    fn fail(&mut self, name: &str, error: &wasmtime::Error, complaint: Option<String>) -> Trap {
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
        let reason = complaint.map_or(reason.clone(), |complaint| format!("{reason}; {complaint}"));
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
