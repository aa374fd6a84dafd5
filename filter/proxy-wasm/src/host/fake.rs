//! A host in memory, in place of the real one on targets that are not WebAssembly.
//!
//! It answers with the statuses Envoy answers with, and records what the filter did. Tests play the host: they fill in
//! [`Fake`] through [`with`], call the entry points of `dispatch`, and look at what was recorded.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
};

use crate::abi::{Buffer, Direction, HostError, Level, Map, Pairs};

/// The state of the host, one per thread.
#[derive(Debug, Default)]
pub struct Fake {
    /// The header maps that are open.
    pub maps: BTreeMap<Map, Pairs>,
    /// Whether open header maps may be changed.
    pub maps_locked: bool,
    /// The buffers that are open.
    pub buffers: BTreeMap<Buffer, Vec<u8>>,
    /// Properties by path.
    pub properties: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Lines logged.
    pub lines: Vec<(Level, String)>,
    /// Queues by id, in order of registration.
    pub queues: BTreeMap<u32, VecDeque<Vec<u8>>>,
    /// The host has no queues.
    pub no_queues: bool,
    /// Names of the registered queues.
    pub queue_names: Vec<Vec<u8>>,
    /// The context the calls mean, when it was changed.
    pub effective_context: Option<u32>,
    /// Directions that were told to go on.
    pub resumed: Vec<(Option<u32>, Direction)>,
    /// Directions that were reset.
    pub closed: Vec<Direction>,
    /// Local answers.
    pub replies: Vec<LocalResponse>,
    /// Counters by name.
    pub counters: Vec<(Vec<u8>, u64)>,
    /// Nanoseconds since the Unix epoch.
    pub now: u64,
    /// When set, every call that can fail does, with this.
    pub failing: Option<HostError>,
    /// The largest number of bytes handed over in one call.
    pub largest_read: usize,
    /// Called during the next write to a buffer, as a host does that resets a stream whose buffer is too full.
    pub during_write: Option<fn()>,
}

/// What [`send_local_response`] was given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the call")]
pub struct LocalResponse {
    pub status: u16,
    pub details: Vec<u8>,
    pub headers: Pairs,
    pub body: Vec<u8>,
    pub grpc_status: Option<u8>,
}

thread_local! {
    static FAKE: RefCell<Fake> = RefCell::default();
}

/// Looks at the host of this thread, or changes it.
pub fn with<T>(f: impl FnOnce(&mut Fake) -> T) -> T {
    FAKE.with_borrow_mut(f)
}

fn call<T>(f: impl FnOnce(&mut Fake) -> Result<T, HostError>) -> Result<T, HostError> {
    with(|fake| fake.failing.map_or(Ok(()), Err).and_then(|()| f(fake)))
}

/// Records a line.
pub fn log(level: Level, message: &str) {
    with(|fake| fake.lines.push((level, message.to_owned())));
}

/// [`Fake::now`].
pub fn now_nanoseconds() -> u64 {
    with(|fake| fake.now)
}

/// Counts up: nothing here needs real chance.
pub fn random(bytes: &mut [u8]) -> Result<(), HostError> {
    call(|_| {
        (0..).zip(bytes).for_each(|(value, byte)| *byte = value);
        Ok(())
    })
}

/// As on Envoy: empty where the buffer ends before `start`.
pub fn body(buffer: Buffer, start: usize, max: usize) -> Result<Vec<u8>, HostError> {
    call(|fake| {
        let bytes = fake.buffers.get(&buffer).ok_or(HostError::NotFound)?;
        let part: Vec<u8> = bytes.iter().skip(start).take(max).copied().collect();
        fake.largest_read = fake.largest_read.max(part.len());
        Ok(part)
    })
}

/// As on Envoy: a buffer can be changed at its ends only.
pub fn set_body(buffer: Buffer, start: usize, size: usize, value: &[u8]) -> Result<(), HostError> {
    if let Some(callback) = with(|fake| fake.during_write.take()) {
        callback();
    }
    call(|fake| {
        let bytes = fake
            .buffers
            .get_mut(&buffer)
            .ok_or(HostError::BadArgument)?;
        if start >= bytes.len() && start > 0 {
            bytes.extend_from_slice(value);
        } else if start == 0 {
            bytes.splice(..size.min(bytes.len()), value.iter().copied());
        } else {
            return Err(HostError::BadArgument);
        }
        Ok(())
    })
}

/// The fields of an open map.
pub fn headers(map: Map) -> Result<Pairs, HostError> {
    call(|fake| fake.maps.get(&map).cloned().ok_or(HostError::BadArgument))
}

fn edit(map: Map, f: impl FnOnce(&mut Pairs)) -> Result<(), HostError> {
    call(|fake| {
        let locked = fake.maps_locked;
        f(fake
            .maps
            .get_mut(&map)
            .filter(|_| !locked)
            .ok_or(HostError::BadArgument)?);
        Ok(())
    })
}

/// Removes every field of the name, then appends one.
pub fn replace_header(map: Map, name: &[u8], value: &[u8]) -> Result<(), HostError> {
    edit(map, |pairs| {
        pairs.retain(|(key, _)| key != name);
        pairs.push((name.to_vec(), value.to_vec()));
    })
}

/// Appends a field.
pub fn add_header(map: Map, name: &[u8], value: &[u8]) -> Result<(), HostError> {
    edit(map, |pairs| pairs.push((name.to_vec(), value.to_vec())))
}

/// Removes every field of the name.
pub fn remove_header(map: Map, name: &[u8]) -> Result<(), HostError> {
    edit(map, |pairs| pairs.retain(|(key, _)| key != name))
}

/// A property that was filled in.
pub fn property(path: &[u8]) -> Result<Vec<u8>, HostError> {
    call(|fake| {
        fake.properties
            .get(path)
            .cloned()
            .ok_or(HostError::NotFound)
    })
}

/// Keeps a property.
pub fn set_property(path: &[u8], value: &[u8]) -> Result<(), HostError> {
    call(|fake| {
        fake.properties.insert(path.to_vec(), value.to_vec());
        Ok(())
    })
}

/// Records an answer.
pub fn send_local_response(
    status: u16,
    details: &[u8],
    headers: &[(Vec<u8>, Vec<u8>)],
    body: &[u8],
    grpc_status: Option<u8>,
) -> Result<(), HostError> {
    call(|fake| {
        let (details, headers, body) = (details.to_vec(), headers.to_vec(), body.to_vec());
        fake.replies.push(LocalResponse {
            status,
            details,
            headers,
            body,
            grpc_status,
        });
        Ok(())
    })
}

/// Records which stream goes on.
pub fn continue_stream(direction: Direction) -> Result<(), HostError> {
    call(|fake| {
        fake.resumed.push((fake.effective_context, direction));
        Ok(())
    })
}

/// Records a reset.
pub fn close_stream(direction: Direction) -> Result<(), HostError> {
    call(|fake| {
        fake.closed.push(direction);
        Ok(())
    })
}

/// Opens a queue.
pub fn register_queue(name: &[u8]) -> Result<u32, HostError> {
    call(|fake| {
        if fake.no_queues {
            return Err(HostError::Unimplemented);
        }
        let id = u32::try_from(fake.queues.len()).map_err(|_| HostError::Internal)? + 1;
        fake.queues.insert(id, VecDeque::new());
        fake.queue_names.push(name.to_vec());
        Ok(id)
    })
}

/// Keeps an item.
pub fn enqueue(queue: u32, item: &[u8]) -> Result<(), HostError> {
    call(|fake| {
        fake.queues
            .get_mut(&queue)
            .ok_or(HostError::NotFound)?
            .push_back(item.to_vec());
        Ok(())
    })
}

/// Gives back the oldest item.
pub fn dequeue(queue: u32) -> Result<Vec<u8>, HostError> {
    call(|fake| {
        fake.queues
            .get_mut(&queue)
            .ok_or(HostError::NotFound)?
            .pop_front()
            .ok_or(HostError::Empty)
    })
}

/// Remembers the context.
pub fn set_effective_context(id: u32) -> Result<(), HostError> {
    call(|fake| {
        fake.effective_context = Some(id);
        Ok(())
    })
}

/// The position of the counter of this name.
pub fn define_counter(name: &[u8]) -> Result<u32, HostError> {
    call(|fake| {
        let position = fake
            .counters
            .iter()
            .position(|(known, _)| known == name)
            .unwrap_or_else(|| {
                fake.counters.push((name.to_vec(), 0));
                fake.counters.len() - 1
            });
        u32::try_from(position).map_err(|_| HostError::Internal)
    })
}

/// Adds to a counter.
pub fn increment_metric(id: u32, by: u64) -> Result<(), HostError> {
    call(|fake| {
        let index = usize::try_from(id).map_err(|_| HostError::NotFound)?;
        let (_, value) = fake.counters.get_mut(index).ok_or(HostError::NotFound)?;
        *value += by;
        Ok(())
    })
}
