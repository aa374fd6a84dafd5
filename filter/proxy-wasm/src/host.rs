//! Host calls and entry points, the only code here that meets raw memory.
//!
//! Why not the SDK: its host calls panic on any status they do not expect, and traffic can provoke several of those (a
//! header that is not UTF-8, a buffer that is not open in this phase). A panic takes the worker's whole virtual machine
//! down. Here every call returns its status.
//!
//! Which status can be met when, on Envoy:
//!
//! | call | `BadArgument` | other |
//! |---|---|---|
//! | [`headers`] | map not open: request headers after the request phase, until the log phase | |
//! | [`replace_header`], [`add_header`], [`remove_header`] | map not open; always in the log phase; response headers in the body phase, unless they were paused | |
//! | [`body`] | | an empty answer where no buffer is open, or `NotFound` |
//! | [`set_body`] | buffer not open: headers and log phase, trailers unless the last body callback paused; a write that starts in the middle | |
//! | [`property`] | | `NotFound` in most phases, `Serialization` for maps with a null |
//! | [`set_property`] | | `NotFound` on hosts with a fixed set |
//! | [`send_local_response`], [`close_stream`] | | **never call in the log or done phase**: Envoy does not survive it |
//! | [`continue_stream`] | effective context is not a stream | |
//! | [`set_effective_context`] | the context is gone | |
//! | [`dequeue`] | | `Empty`; `NotFound` when the queue is unknown |
//! | [`define_metric`], [`increment_metric`] | | `NotFound` for an unknown id |
//!
//! Any call can return `Internal` when the operator's capability restriction forbids it.
#![expect(
    unsafe_code,
    reason = "imports, exports and memory handed over by the host; nothing else lives here"
)]

use std::alloc::Layout;

use crate::{
    abi::{Action, Buffer, Direction, HostError, Level, Map, Pairs},
    dispatch, pairs,
};

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, message: *const u8, size: usize) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_get_buffer_bytes(
        buffer: u32,
        start: usize,
        max: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_set_buffer_bytes(
        buffer: u32,
        start: usize,
        size: usize,
        data: *const u8,
        data_size: usize,
    ) -> u32;
    fn proxy_get_header_map_pairs(map: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_replace_header_map_value(
        map: u32,
        name: *const u8,
        ns: usize,
        value: *const u8,
        vs: usize,
    ) -> u32;
    fn proxy_add_header_map_value(
        map: u32,
        name: *const u8,
        ns: usize,
        value: *const u8,
        vs: usize,
    ) -> u32;
    fn proxy_remove_header_map_value(map: u32, name: *const u8, ns: usize) -> u32;
    fn proxy_get_property(
        path: *const u8,
        path_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_set_property(path: *const u8, path_size: usize, data: *const u8, size: usize) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
    fn proxy_continue_stream(direction: u32) -> u32;
    fn proxy_close_stream(direction: u32) -> u32;
    fn proxy_register_shared_queue(name: *const u8, size: usize, id: *mut u32) -> u32;
    fn proxy_enqueue_shared_queue(id: u32, data: *const u8, size: usize) -> u32;
    fn proxy_dequeue_shared_queue(id: u32, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_effective_context(id: u32) -> u32;
    fn proxy_define_metric(kind: u32, name: *const u8, size: usize, id: *mut u32) -> u32;
    fn proxy_increment_metric(id: u32, offset: i64) -> u32;
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    fn random_get(data: *mut u8, size: usize) -> u32;
}

unsafe extern "C" {
    fn __wasm_call_ctors();
}

// ---- calls ----------------------------------------------------------------------------------------------------------

/// Writes a line to the host's log.
pub fn log(level: Level, message: &str) {
    // SAFETY: pointer and length come from one live slice, which the host only reads during the call.
    let _nowhere_to_report = unsafe { proxy_log(level as u32, message.as_ptr(), message.len()) };
}

/// Nanoseconds since the Unix epoch; 0 if the host has no clock.
pub fn now_nanoseconds() -> u64 {
    let mut time = 0;
    // SAFETY: the host writes eight bytes to a live, aligned u64.
    let _zero_then = unsafe { proxy_get_current_time_nanoseconds(&raw mut time) };
    time
}

/// Fills `bytes` from the host's random source.
pub fn random(bytes: &mut [u8]) -> Result<(), HostError> {
    // SAFETY: pointer and length come from one live, exclusively borrowed slice.
    match unsafe { random_get(bytes.as_mut_ptr(), bytes.len()) } {
        0 => Ok(()),
        errno => Err(HostError::Other(errno)),
    }
}

/// At most `max` bytes of a buffer from `start`; fewer, or none, where it ends before that.
pub fn body(buffer: Buffer, start: usize, max: usize) -> Result<Vec<u8>, HostError> {
    // SAFETY: the two pointers are those of `receive`, live and aligned.
    receive(|data, size| unsafe { proxy_get_buffer_bytes(buffer as u32, start, max, data, size) })
}

/// Writes to a buffer of length L. `start` 0 replaces the first `size` bytes (0: insert in front, L or more: all);
/// `start` of L or more appends.
pub fn set_body(buffer: Buffer, start: usize, size: usize, value: &[u8]) -> Result<(), HostError> {
    // SAFETY: pointer and length come from one live slice, which the host only reads during the call.
    HostError::check(unsafe {
        proxy_set_buffer_bytes(buffer as u32, start, size, value.as_ptr(), value.len())
    })
}

/// All fields of a map.
pub fn headers(map: Map) -> Result<Pairs, HostError> {
    // SAFETY: the two pointers are those of `receive`, live and aligned.
    let bytes =
        receive(|data, size| unsafe { proxy_get_header_map_pairs(map as u32, data, size) })?;
    pairs::decode(&bytes)
}

/// Replaces all fields of this name by one.
pub fn replace_header(map: Map, name: &[u8], value: &[u8]) -> Result<(), HostError> {
    // SAFETY: pointers and lengths come from two live slices, which the host only reads during the call.
    HostError::check(unsafe {
        proxy_replace_header_map_value(
            map as u32,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    })
}

/// Adds a field after those that are there.
pub fn add_header(map: Map, name: &[u8], value: &[u8]) -> Result<(), HostError> {
    // SAFETY: pointers and lengths come from two live slices, which the host only reads during the call.
    HostError::check(unsafe {
        proxy_add_header_map_value(
            map as u32,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    })
}

/// Removes all fields of this name.
pub fn remove_header(map: Map, name: &[u8]) -> Result<(), HostError> {
    // SAFETY: pointer and length come from one live slice, which the host only reads during the call.
    HostError::check(unsafe {
        proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len())
    })
}

/// A property; the parts of its path are separated by NUL.
pub fn property(path: &[u8]) -> Result<Vec<u8>, HostError> {
    // SAFETY: the path is one live slice; the two pointers are those of `receive`, live and aligned.
    receive(|data, size| unsafe { proxy_get_property(path.as_ptr(), path.len(), data, size) })
}

/// Sets a property; on Envoy it becomes the filter state `wasm.<path>`.
pub fn set_property(path: &[u8], value: &[u8]) -> Result<(), HostError> {
    // SAFETY: pointers and lengths come from two live slices, which the host only reads during the call.
    HostError::check(unsafe {
        proxy_set_property(path.as_ptr(), path.len(), value.as_ptr(), value.len())
    })
}

/// Answers the client here. `details` is what the access log shows as the reason.
pub fn send_local_response(
    status: u16,
    details: &[u8],
    headers: &[(Vec<u8>, Vec<u8>)],
    body: &[u8],
    grpc_status: Option<u8>,
) -> Result<(), HostError> {
    let headers = pairs::encode(headers);
    // SAFETY: pointers and lengths come from three live slices, which the host only reads during the call.
    HostError::check(unsafe {
        proxy_send_local_response(
            u32::from(status),
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            grpc_status.map_or(-1, i32::from),
        )
    })
}

/// Lets a paused direction of the effective context's stream go on.
pub fn continue_stream(direction: Direction) -> Result<(), HostError> {
    // SAFETY: no memory is handed over.
    HostError::check(unsafe { proxy_continue_stream(direction as u32) })
}

/// Resets the effective context's stream: the client sees that the message is not complete.
pub fn close_stream(direction: Direction) -> Result<(), HostError> {
    // SAFETY: no memory is handed over.
    HostError::check(unsafe { proxy_close_stream(direction as u32) })
}

/// Opens a queue whose arrivals wake the current root context.
pub fn register_queue(name: &[u8]) -> Result<u32, HostError> {
    let mut id = 0;
    // SAFETY: the name is one live slice; the host writes four bytes to a live, aligned u32.
    HostError::check(unsafe {
        proxy_register_shared_queue(name.as_ptr(), name.len(), &raw mut id)
    })?;
    Ok(id)
}

/// Puts an item in a queue.
pub fn enqueue(queue: u32, item: &[u8]) -> Result<(), HostError> {
    // SAFETY: pointer and length come from one live slice, which the host only reads during the call.
    HostError::check(unsafe { proxy_enqueue_shared_queue(queue, item.as_ptr(), item.len()) })
}

/// Takes an item from a queue.
pub fn dequeue(queue: u32) -> Result<Vec<u8>, HostError> {
    // SAFETY: the two pointers are those of `receive`, live and aligned.
    receive(|data, size| unsafe { proxy_dequeue_shared_queue(queue, data, size) })
}

/// Makes another context the one that the following calls mean, until the current callback returns.
pub fn set_effective_context(id: u32) -> Result<(), HostError> {
    // SAFETY: no memory is handed over.
    HostError::check(unsafe { proxy_set_effective_context(id) })
}

/// Creates a counter, or finds the one of this name.
pub fn define_counter(name: &[u8]) -> Result<u32, HostError> {
    const COUNTER: u32 = 0;
    let mut id = 0;
    // SAFETY: the name is one live slice; the host writes four bytes to a live, aligned u32.
    HostError::check(unsafe {
        proxy_define_metric(COUNTER, name.as_ptr(), name.len(), &raw mut id)
    })?;
    Ok(id)
}

/// Adds to a counter.
pub fn increment_metric(id: u32, by: u64) -> Result<(), HostError> {
    // SAFETY: no memory is handed over.
    HostError::check(unsafe { proxy_increment_metric(id, i64::try_from(by).unwrap_or(i64::MAX)) })
}

// ---- memory ---------------------------------------------------------------------------------------------------------

/// Runs a call that hands memory over, and takes that memory.
fn receive(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Vec<u8>, HostError> {
    let mut data = std::ptr::null_mut();
    let mut size = 0;
    HostError::check(call(&raw mut data, &raw mut size))?;
    if data.is_null() || size == 0 {
        // An empty allocation has no memory behind it: see `proxy_on_memory_allocate`.
        return Ok(Vec::new());
    }
    // SAFETY: by the ABI `data` came from `proxy_on_memory_allocate(size)`, which used the global allocator with the
    // layout of `size` bytes, and the host has initialised all of them and keeps no reference.
    Ok(unsafe { Vec::from_raw_parts(data, size, size) })
}

/// Memory for the host to write to; null, which the host reports as a failed call, when there is none left.
#[unsafe(no_mangle)]
extern "C" fn proxy_on_memory_allocate(size: usize) -> *mut u8 {
    match Layout::array::<u8>(size) {
        Ok(layout) if size > 0 => {
            // SAFETY: the layout's size is not zero.
            unsafe { std::alloc::alloc(layout) }
        }
        Ok(_) => std::ptr::dangling_mut(),
        Err(_) => std::ptr::null_mut(),
    }
}

// ---- entry points ---------------------------------------------------------------------------------------------------

#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

/// Without this, the linker makes every entry point run the constructors and destructors of a whole program.
#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    // SAFETY: the host calls this once, before anything else.
    unsafe { __wasm_call_ctors() };
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_vm_start(_root: u32, _configuration_size: usize) -> u32 {
    1
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(id: u32, root: u32) {
    dispatch::on_context_create(id, root);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(root: u32, configuration_size: usize) -> u32 {
    u32::from(dispatch::on_configure(root, configuration_size))
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_queue_ready(root: u32, queue: u32) {
    dispatch::on_queue_ready(root, queue);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(id: u32, _count: usize, end: u32) -> Action {
    dispatch::on_request_headers(id, end != 0)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_body(id: u32, size: usize, end: u32) -> Action {
    dispatch::on_body(id, Direction::Request, size, end != 0)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_trailers(id: u32, _count: usize) -> Action {
    dispatch::on_trailers(id, Direction::Request)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(id: u32, _count: usize, end: u32) -> Action {
    dispatch::on_response_headers(id, end != 0)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_body(id: u32, size: usize, end: u32) -> Action {
    dispatch::on_body(id, Direction::Response, size, end != 0)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_trailers(id: u32, _count: usize) -> Action {
    dispatch::on_trailers(id, Direction::Response)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_done(_id: u32) -> u32 {
    1
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_log(id: u32) {
    dispatch::on_log(id);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_delete(id: u32) {
    dispatch::on_delete(id);
}
