//! A worker's VM, its roots and the streams on it.

use std::{
    cell::RefCell,
    collections::HashMap,
    rc::{Rc, Weak},
};

use super::Chain;
use crate::vm::{HttpCall, HttpCallResponse, Plugin, TickChange, Trap, Vm};

/// Work a module asked for that is done by the worker, outside any stream.
pub(crate) enum Work {
    /// A timer.
    Tick(TickChange),
    /// An HTTP request of its own.
    Call(HttpCall),
}

/// One VM and the streams it filters. Lives on one thread.
pub(crate) struct PluginHost {
    vm: RefCell<Vm>,
    streams: RefCell<HashMap<u32, Weak<Chain>>>,
    post: Box<dyn Fn(Work)>,
}

/// One configuration of the plugin. The module is told of its end when the last stream under it is gone.
pub(crate) struct Root {
    pub(crate) host: Rc<PluginHost>,
    pub(crate) id: u32,
}

impl PluginHost {
    /// `post` is called with work for the worker's next turn.
    pub(crate) fn new(vm: Vm, post: Box<dyn Fn(Work)>) -> Rc<PluginHost> {
        Rc::new(PluginHost {
            vm: RefCell::new(vm),
            streams: RefCell::default(),
            post,
        })
    }

    /// Configures a root context; `None` when the module refuses.
    pub(crate) fn configure(self: &Rc<Self>, plugin: Plugin) -> Result<Option<Rc<Root>>, Trap> {
        let id = self.call(|vm| vm.configure(plugin))?;
        Ok(id.map(|id| {
            Rc::new(Root {
                host: self.clone(),
                id,
            })
        }))
    }

    /// Calls into the VM, then does what the module asked for during the call. A trap fails every stream of this VM.
    pub(crate) fn call<T>(&self, call: impl FnOnce(&mut Vm) -> Result<T, Trap>) -> Result<T, Trap> {
        let (result, deferred) = {
            let mut vm = self.vm.borrow_mut();
            let result = call(&mut vm);
            vm.take_ticks()
                .into_iter()
                .map(Work::Tick)
                .for_each(&self.post);
            vm.take_calls()
                .into_iter()
                .map(Work::Call)
                .for_each(&self.post);
            (result, vm.take_deferred())
        };
        for (context, action) in deferred {
            if let Some(chain) = self.stream(context) {
                chain.perform(action);
            }
        }
        if result.is_err() {
            self.fail_streams();
        }
        result
    }

    pub(crate) fn queue_ready(&self, root: u32, token: u32) {
        // A trap is in the log, and has failed the streams.
        let _ = self.call(|vm| vm.queue_ready(root, token));
    }

    pub(crate) fn tick(&self, root: u32) {
        let _ = self.call(|vm| vm.tick(root));
    }

    pub(crate) fn http_call_response(&self, root: u32, token: u32, response: HttpCallResponse) {
        let _ = self.call(|vm| vm.http_call_response(root, token, response));
    }

    pub(crate) fn failed(&self) -> bool {
        self.vm.borrow().failed()
    }

    pub(super) fn enter(&self, context: u32, chain: &Rc<Chain>) {
        self.streams
            .borrow_mut()
            .insert(context, Rc::downgrade(chain));
    }

    pub(super) fn leave(&self, context: u32) {
        self.streams.borrow_mut().remove(&context);
    }

    fn stream(&self, context: u32) -> Option<Rc<Chain>> {
        self.streams.borrow().get(&context).and_then(Weak::upgrade)
    }

    fn fail_streams(&self) {
        let streams = std::mem::take(&mut *self.streams.borrow_mut());
        for chain in streams.into_values().filter_map(|chain| chain.upgrade()) {
            chain.fail();
        }
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        if let Ok(mut vm) = self.host.vm.try_borrow_mut() {
            // The root is gone either way; a trap is in the log.
            let _ = vm.delete_root(self.id);
        }
    }
}
