//! Calls that steer streams and contexts, and calls to other services.

use std::time::Duration;

use wasmtime::{Linker, Result};

use super::{Host, Status, read, status, write_u32};
use crate::vm::{Deferred, HttpCall, LocalReply, StreamType, abi::decode_pairs, state::State};

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_send_local_response",
        |mut host: Host<'_>,
         code: i32,
         details: i32,
         details_len: i32,
         body: i32,
         body_len: i32,
         headers: i32,
         headers_len: i32,
         grpc: i32|
         -> i32 {
            let result = (|| {
                let details = read(&mut host, details, details_len)?;
                let body = read(&mut host, body, body_len)?;
                let headers = decode_pairs(&read(&mut host, headers, headers_len)?)
                    .ok_or(Status::BadArgument)?;
                // Envoy's log has no spaces within a field.
                let details = String::from_utf8_lossy(&details)
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join("_");
                let grpc_status = u32::try_from(grpc).ok().filter(|code| *code <= 16);
                defer(
                    &mut host,
                    Deferred::Reply(LocalReply {
                        status: code as u32,
                        headers,
                        body,
                        grpc_status,
                        details,
                    }),
                )
            })();
            status(result)
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_continue_stream",
        |mut host: Host<'_>, stream: i32| -> i32 {
            status(
                StreamType::from_abi(stream)
                    .ok_or(Status::BadArgument)
                    .and_then(|direction| {
                        defer(&mut host, Deferred::Continue(direction))?;
                        close_request(&host);
                        Ok(())
                    }),
            )
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_close_stream",
        |mut host: Host<'_>, stream: i32| -> i32 {
            status(
                StreamType::from_abi(stream)
                    .ok_or(Status::BadArgument)
                    .and_then(|direction| defer(&mut host, Deferred::Close(direction))),
            )
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_set_effective_context",
        |mut host: Host<'_>, context: i32| -> i32 {
            let known = host.data().contexts.contains_key(&(context as u32));
            if known {
                host.data_mut().effective = context as u32;
            }
            status(known.then_some(()).ok_or(Status::BadArgument))
        },
    )?;
    linker.func_wrap("env", "proxy_done", |_: Host<'_>| -> i32 {
        Status::Ok as i32
    })?;
    link_calls(linker)
}

fn link_calls(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_http_call",
        |mut host: Host<'_>,
         upstream: i32,
         upstream_len: i32,
         headers: i32,
         headers_len: i32,
         body: i32,
         body_len: i32,
         _trailers: i32,
         _trailers_len: i32,
         timeout: i32,
         token: i32|
         -> i32 {
            let result = (|| {
                let upstream =
                    String::from_utf8_lossy(&read(&mut host, upstream, upstream_len)?).into_owned();
                let headers = decode_pairs(&read(&mut host, headers, headers_len)?)
                    .ok_or(Status::BadArgument)?;
                let body = read(&mut host, body, body_len)?;
                let complete = [&b":method"[..], b":path", b":authority"]
                    .iter()
                    .all(|name| headers.contains(name));
                if !complete || !host.data().services.upstreams.contains(&upstream) {
                    return Err(Status::BadArgument);
                }
                let state = host.data_mut();
                state.last_call += 1;
                let number = state.last_call;
                let timeout = Duration::from_millis(u64::from(timeout as u32));
                state.calls.push(HttpCall {
                    root: state.root(),
                    token: number,
                    upstream,
                    headers,
                    body,
                    timeout,
                });
                write_u32(&mut host, token, number)
            })();
            status(result)
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_call_foreign_function",
        |_: Host<'_>, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32| -> i32 {
            Status::NotFound as i32
        },
    )?;
    // No upstream here speaks gRPC to modules: every service is one this host does not know.
    linker.func_wrap(
        "env",
        "proxy_grpc_call",
        |_: Host<'_>,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32|
         -> i32 { Status::BadArgument as i32 },
    )?;
    linker.func_wrap(
        "env",
        "proxy_grpc_stream",
        |_: Host<'_>,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32|
         -> i32 { Status::BadArgument as i32 },
    )?;
    linker.func_wrap(
        "env",
        "proxy_grpc_send",
        |_: Host<'_>, _: i32, _: i32, _: i32, _: i32| -> i32 { Status::NotFound as i32 },
    )?;
    linker.func_wrap("env", "proxy_grpc_cancel", |_: Host<'_>, _: i32| -> i32 {
        Status::NotFound as i32
    })?;
    linker.func_wrap("env", "proxy_grpc_close", |_: Host<'_>, _: i32| -> i32 {
        Status::NotFound as i32
    })?;
    linker.func_wrap(
        "env",
        "proxy_get_status",
        |_: Host<'_>, _: i32, _: i32, _: i32| -> i32 { Status::NotFound as i32 },
    )?;
    Ok(())
}

fn defer(host: &mut Host<'_>, action: Deferred) -> Result<(), Status> {
    let context = host.data().effective;
    if host.data().stream().is_none() {
        return Err(Status::BadArgument);
    }
    let state = host.data_mut();
    if matches!(action, Deferred::Reply(_)) {
        state.stop_iteration = true;
    }
    state.deferred.push((context, action));
    Ok(())
}

/// Letting either direction go takes the request's maps and chunk from the module, also within the callback that did it.
fn close_request(host: &Host<'_>) {
    if let Some(stream) = host.data().stream() {
        let half = &mut stream.borrow_mut().request;
        (half.headers_open, half.trailers_open, half.body_open) = (false, false, false);
    }
}
