//! The callbacks of a module.

use wasmtime::{Instance, Store, TypedFunc, WasmParams, WasmResults};

use super::super::state::State;

/// A header callback, as ABI 0.2 and as ABI 0.1 declare it.
#[derive(Clone)]
pub(super) enum OnHeaders {
    WithEnd(TypedFunc<(i32, i32, i32), i32>),
    WithoutEnd(TypedFunc<(i32, i32), i32>),
}

type OnCallResponse = TypedFunc<(i32, i32, i32, i32, i32), ()>;

/// What the module exports. A callback it lacks is as if it returned "continue".
pub(super) struct Exports {
    pub(super) initialize: Option<TypedFunc<(), ()>>,
    pub(super) start: Option<TypedFunc<(), ()>>,
    pub(super) allocate: Option<TypedFunc<i32, i32>>,
    pub(super) context_create: Option<TypedFunc<(i32, i32), ()>>,
    pub(super) vm_start: Option<TypedFunc<(i32, i32), i32>>,
    pub(super) configure: Option<TypedFunc<(i32, i32), i32>>,
    pub(super) tick: Option<TypedFunc<i32, ()>>,
    pub(super) queue_ready: Option<TypedFunc<(i32, i32), ()>>,
    pub(super) http_call_response: Option<OnCallResponse>,
    pub(super) request_headers: Option<OnHeaders>,
    pub(super) request_body: Option<TypedFunc<(i32, i32, i32), i32>>,
    pub(super) request_trailers: Option<TypedFunc<(i32, i32), i32>>,
    pub(super) response_headers: Option<OnHeaders>,
    pub(super) response_body: Option<TypedFunc<(i32, i32, i32), i32>>,
    pub(super) response_trailers: Option<TypedFunc<(i32, i32), i32>>,
    pub(super) done: Option<TypedFunc<i32, i32>>,
    pub(super) log: Option<TypedFunc<i32, ()>>,
    pub(super) delete: Option<TypedFunc<i32, ()>>,
}

impl Exports {
    pub(super) fn find(instance: &Instance, store: &mut Store<State>) -> Exports {
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
