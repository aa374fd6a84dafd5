//! From a context's number to its state.
//!
//! A host calls back while one of its own calls is running: on Envoy, a write that fills a buffer beyond its limit resets
//! the stream there and then, with the log and delete callbacks, before the write returns. So a stream is taken out of
//! the table while one of its callbacks runs, no borrow of the table is alive across a host call, and what happens to the
//! stream in between is noted where it was taken from. Calls that always call back (a local reply, a reset) come last.
//!
//! A stream that is not in the table, or is busy with another message callback, is not let through.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use veilgate_exchange::{Engine, Record};

use crate::{
    abi::{Action, Buffer, Direction, Level},
    counters::Counters,
    hold_back, host,
    stream::{self, Outcome, Stream},
};

thread_local! {
    static CONTEXTS: RefCell<Contexts> = RefCell::default();
}

#[derive(Default)]
struct Contexts {
    roots: BTreeMap<u32, Root>,
    streams: BTreeMap<u32, Slot>,
    counters: Counters,
}

enum Slot {
    Idle(Box<Stream>),
    Busy(Busy),
}

/// What happened to a stream during one of its callbacks.
#[derive(Default)]
struct Busy {
    engine: Option<Rc<Engine>>,
    logged: bool,
    deleted: bool,
}

/// One configuration of the filter. A new configuration is a new root; an old one lives until its streams are done.
#[derive(Default)]
struct Root {
    /// The last good configuration.
    engine: Option<Rc<Engine>>,
    /// Where streams of this root post messages to themselves.
    queue: Option<u32>,
}

/// A root (its `root` is 0) or a stream of a root begins.
pub fn on_context_create(id: u32, root: u32) {
    with(|contexts| {
        if root == 0 {
            contexts.roots.entry(id).or_default();
            return;
        }
        // The engine a stream begins with is the one it ends with: an update never splits an exchange.
        let (engine, queue) = match contexts.roots.get(&root) {
            Some(root) => (root.engine.clone(), root.queue),
            None => (None, None),
        };
        let stream = Stream::new(id, engine, queue);
        contexts.streams.insert(id, Slot::Idle(Box::new(stream)));
    });
}

/// Reads a root's configuration. A bad one leaves the last good one in place.
pub fn on_configure(root: u32, size: usize) -> bool {
    match configure(root, size) {
        Ok(()) => true,
        Err(message) => {
            host::log(Level::Error, &format!("veilgate: {message}"));
            false
        }
    }
}

fn configure(id: u32, size: usize) -> Result<(), String> {
    let raw = match size {
        0 => Vec::new(),
        size => host::body(Buffer::PluginConfiguration, 0, size).map_err(|error| {
            format!("the configuration could not be read from the host: {error}")
        })?,
    };
    let engine = Engine::configure(&raw).map_err(|error| error.to_string())?;
    let queue = with(|contexts| contexts.roots.get(&id).and_then(|root| root.queue))
        .or_else(|| register_queue(id));
    with(|contexts| {
        contexts.roots.insert(
            id,
            Root {
                engine: Some(Rc::new(engine)),
                queue,
            },
        )
    });
    Ok(())
}

/// Queues are shared by every virtual machine of the process: only chance makes a name that is ours alone.
fn register_queue(root: u32) -> Option<u32> {
    let mut chance = [0; 16];
    let registered = host::random(&mut chance).and_then(|()| {
        let name = format!("veilgate.wake.{root}.{:032x}", u128::from_le_bytes(chance));
        host::register_queue(name.as_bytes())
    });
    registered
        .inspect_err(|error| {
            host::log(
                Level::Warn,
                &format!("veilgate: the host has no queue ({error}): a body of unknown length that trailers end may be cut off"),
            );
        })
        .ok()
}

/// Messages that streams have posted to themselves arrived.
pub fn on_queue_ready(_root: u32, queue: u32) {
    while let Ok(item) = host::dequeue(queue) {
        let Some((id, direction)) = hold_back::parse_wake(&item) else {
            continue;
        };
        let awake = with(|contexts| match contexts.streams.get_mut(&id) {
            Some(Slot::Idle(stream)) => stream.on_wake(direction),
            _ => false,
        });
        if awake
            && host::set_effective_context(id).is_ok()
            && host::continue_stream(direction).is_err()
        {
            let _already_gone = host::close_stream(direction);
        }
    }
}

/// Request headers arrived.
pub fn on_request_headers(id: u32, end: bool) -> Action {
    run(id, Direction::Request, |stream| {
        stream.on_request_headers(end)
    })
}

/// Response headers arrived: the upstream's, or those of a local reply.
pub fn on_response_headers(id: u32, end: bool) -> Action {
    run(id, Direction::Response, |stream| {
        stream.on_response_headers(end)
    })
}

/// `size` bytes of a body are in the buffer.
pub fn on_body(id: u32, direction: Direction, size: usize, end: bool) -> Action {
    run(id, direction, |stream| stream.on_body(direction, size, end))
}

/// Trailers arrived.
pub fn on_trailers(id: u32, direction: Direction) -> Action {
    run(id, direction, |stream| stream.on_trailers(direction))
}

/// A stream is done, also one that none of the above was called for. Nothing here may reply or reset: Envoy would call
/// this again, without end.
pub fn on_log(id: u32) {
    match take(id, |busy| busy.logged = true) {
        Taken::Stream(mut stream) => {
            let record = stream.finish();
            stream::publish(&record);
            settle(&record);
            let _still_here = put_back(id, stream);
        }
        // What was decided is out of reach, but the log line needs its masked fields now. The rest follows in `run`.
        Taken::Busy(Some(engine)) => stream::publish_request(&engine),
        Taken::Busy(None) | Taken::Unknown => {}
    }
}

/// A context is gone.
pub fn on_delete(id: u32) {
    let gone = with(|contexts| {
        let root = contexts.roots.remove(&id);
        match contexts.streams.get_mut(&id) {
            Some(Slot::Busy(busy)) => {
                busy.deleted = true;
                (None, root)
            }
            _ => (contexts.streams.remove(&id), root),
        }
    });
    drop(gone);
}

fn run(id: u32, direction: Direction, callback: impl FnOnce(&mut Stream) -> Outcome) -> Action {
    let Taken::Stream(mut stream) = take(id, |_| {}) else {
        let _already_gone = host::close_stream(direction);
        return Action::Pause;
    };
    let outcome = callback(&mut stream);
    if !put_back(id, stream) {
        // The stream ended during its own callback: there is nobody to answer.
        return Action::Pause;
    }
    match outcome {
        Outcome::Act(action) => action,
        Outcome::Reply(reply) => {
            let grpc_status = Some(reply.grpc_status);
            let details = reply.details.as_bytes();
            let sent = host::send_local_response(
                reply.status,
                details,
                &reply.headers,
                &reply.body,
                grpc_status,
            );
            if let Err(error) = sent {
                host::log(
                    Level::Error,
                    &format!("veilgate: a local reply failed, the stream is reset: {error}"),
                );
                let _already_gone = host::close_stream(direction);
            }
            Action::Pause
        }
        Outcome::Reset => {
            let _already_gone = host::close_stream(direction);
            Action::Pause
        }
    }
}

enum Taken {
    Stream(Box<Stream>),
    Busy(Option<Rc<Engine>>),
    Unknown,
}

/// Takes a stream out of the table. Of a busy one, `note` says what it missed.
fn take(id: u32, note: impl FnOnce(&mut Busy)) -> Taken {
    with(|contexts| {
        let Some(slot) = contexts.streams.get_mut(&id) else {
            return Taken::Unknown;
        };
        match slot {
            Slot::Busy(busy) => {
                note(busy);
                Taken::Busy(busy.engine.clone())
            }
            Slot::Idle(stream) => {
                let engine = stream.engine().cloned();
                match std::mem::replace(
                    slot,
                    Slot::Busy(Busy {
                        engine,
                        ..Busy::default()
                    }),
                ) {
                    Slot::Idle(stream) => Taken::Stream(stream),
                    Slot::Busy(_) => Taken::Unknown,
                }
            }
        }
    })
}

/// Puts a stream back after its callback; tells whether it still exists.
fn put_back(id: u32, mut stream: Box<Stream>) -> bool {
    let missed = with(|contexts| match contexts.streams.remove(&id) {
        Some(Slot::Busy(busy)) => busy,
        _ => Busy {
            deleted: true,
            ..Busy::default()
        },
    });
    if missed.logged {
        settle(&stream.finish());
    }
    if !missed.deleted {
        with(|contexts| contexts.streams.insert(id, Slot::Idle(stream)));
    }
    !(missed.logged || missed.deleted)
}

/// The part of a record that is not in the host's log line.
fn settle(record: &Record) {
    if let Some(line) = &record.log_line {
        host::log(Level::Info, &format!("veilgate audit {line}"));
    }
    let mut counters = with(|contexts| std::mem::take(&mut contexts.counters));
    for count in &record.counts {
        counters.add(count);
    }
    with(|contexts| contexts.counters = counters);
}

fn with<T>(f: impl FnOnce(&mut Contexts) -> T) -> T {
    CONTEXTS.with_borrow_mut(f)
}

#[cfg(test)]
mod tests;
