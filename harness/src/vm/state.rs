//! What belongs to one VM besides its memory: contexts, what the module asked for, and handles to what VMs share.

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc, time::Duration};

use wasmtime::{Memory, TypedFunc};

use super::memory::LinearMemory;
use super::{Deferred, Diagnostics, Headers, Logs, Metrics, Shared, StreamState, VmSettings};

/// One configured filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// Name, for statistics and properties.
    pub name: String,
    /// Root id: which of a module's filters this is.
    pub root_id: String,
    /// Configuration, handed over as it is.
    pub configuration: Vec<u8>,
}

/// What all VMs of a proxy share.
#[derive(Clone)]
pub struct Services {
    /// Shared data and queues.
    pub shared: Shared,
    /// Metrics.
    pub metrics: Metrics,
    /// Log.
    pub logs: Logs,
    /// Findings.
    pub diagnostics: Diagnostics,
    /// Called with root context and token when a queue registered by this VM has an item; must only post.
    pub queue_ready: Arc<dyn Fn(u32, u32) + Send + Sync>,
    /// Names an HTTP call may go to.
    pub upstreams: Arc<Vec<String>>,
}

/// A root context's new timer period; zero stops it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickChange {
    /// The root context.
    pub root: u32,
    /// The period.
    pub period: Duration,
}

/// An HTTP request of the module itself.
#[derive(Clone, Debug)]
pub struct HttpCall {
    /// Root context that gets the response.
    pub root: u32,
    /// Number the module knows the call by.
    pub token: u32,
    /// Name of the upstream.
    pub upstream: String,
    /// Headers, pseudo headers included.
    pub headers: Headers,
    /// Body.
    pub body: Vec<u8>,
    /// How long to wait.
    pub timeout: Duration,
}

/// What an [`HttpCall`] brought.
#[derive(Clone, Debug, Default)]
pub struct HttpCallResponse {
    /// Headers, `:status` included.
    pub headers: Headers,
    /// Body.
    pub body: Vec<u8>,
    /// Trailers.
    pub trailers: Headers,
}

pub(super) struct State {
    pub(super) memory: Option<Memory>,
    pub(super) linear_memory: LinearMemory,
    pub(super) allocate: Option<TypedFunc<i32, i32>>,
    pub(super) settings: VmSettings,
    pub(super) services: Services,
    pub(super) contexts: HashMap<u32, Context>,
    /// The context calls act on: the one called, unless the module chose another.
    pub(super) effective: u32,
    pub(super) deferred: Vec<(u32, Deferred)>,
    /// The module answered by itself, so the running callback must not go on whatever it returns.
    pub(super) stop_iteration: bool,
    pub(super) ticks: Vec<TickChange>,
    pub(super) calls: Vec<HttpCall>,
    pub(super) last_call: u32,
    pub(super) call_response: Option<HttpCallResponse>,
    pub(super) metrics: Vec<String>,
    pub(super) phase: Phase,
}

/// Which configuration buffer is readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    VmStart,
    Configure,
    Other,
}

#[derive(Clone)]
pub(super) enum Context {
    Root(Arc<Plugin>),
    Stream {
        root: u32,
        state: Rc<RefCell<StreamState>>,
    },
}

impl State {
    /// The exchange calls act on, if they act on one.
    pub(super) fn stream(&self) -> Option<&Rc<RefCell<StreamState>>> {
        match self.contexts.get(&self.effective)? {
            Context::Stream { state, .. } => Some(state),
            Context::Root(_) => None,
        }
    }

    /// The root context calls act on, directly or through its stream.
    pub(super) fn root(&self) -> u32 {
        match self.contexts.get(&self.effective) {
            Some(Context::Stream { root, .. }) => *root,
            _ => self.effective,
        }
    }

    pub(super) fn plugin(&self) -> Option<&Arc<Plugin>> {
        match self.contexts.get(&self.root())? {
            Context::Root(plugin) => Some(plugin),
            Context::Stream { .. } => None,
        }
    }
}
