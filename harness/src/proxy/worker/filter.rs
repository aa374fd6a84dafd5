//! The filter of a worker: its VM, its configurations, and what becomes of them after a trap.

use std::{
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use super::{
    super::{
        Rejected,
        config::{FailurePolicy, FilterConfig},
        filter::{PluginHost, Root},
    },
    Command, Common, Worker,
};
use crate::vm::{Module, Plugin, PluginNames, Services, Vm, VmSettings};

/// The filter of this worker.
pub(super) struct Filter {
    pub(super) config: FilterConfig,
    module: Module,
    pub(super) names: Arc<PluginNames>,
    root: Option<Rc<Root>>,
    failed: Option<Instant>,
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
    /// Puts a configuration in force: in the running VM when only the plugin changed, else in a new one.
    pub(super) fn install(
        self: &Rc<Self>,
        config: FilterConfig,
        module: Module,
    ) -> Result<(), Rejected> {
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

    fn count_wasm(&self, config: &FilterConfig, name: &str) {
        self.common
            .metrics
            .add(&format!("wasm.{}.{name}", config.name), 1);
    }
}

pub(super) fn services(
    common: &Common,
    queue_ready: Arc<dyn Fn(u32, u32) + Send + Sync>,
) -> Services {
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
        memory: filter.memory,
    }
}

fn plugin(filter: &FilterConfig) -> Plugin {
    Plugin {
        name: filter.name.clone(),
        root_id: filter.root_id.clone(),
        configuration: filter.configuration.clone(),
    }
}
