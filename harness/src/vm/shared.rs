//! State shared by all VMs of a process: key-value data with compare-and-swap, and queues.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::Status;

/// Told that a queue has an item. Called on the thread that enqueued, so it must only post.
pub type QueueOwner = Arc<dyn Fn(u32) + Send + Sync>;

/// Shared data and queues; cheap to clone. Data is visible to VMs with the same `vm_id` only.
#[derive(Clone, Default)]
pub struct Shared(Arc<Mutex<Tables>>);

#[derive(Default)]
struct Tables {
    data: HashMap<(String, Vec<u8>), (Vec<u8>, u32)>,
    last_cas: u32,
    tokens: HashMap<(String, Vec<u8>), u32>,
    queues: HashMap<u32, Queue>,
}

struct Queue {
    items: VecDeque<Vec<u8>>,
    owner: QueueOwner,
}

impl Shared {
    /// The value of `key` and its version.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn get(&self, vm_id: &str, key: &[u8]) -> Result<(Vec<u8>, u32), Status> {
        self.tables()
            .data
            .get(&(vm_id.to_owned(), key.to_vec()))
            .cloned()
            .ok_or(Status::NotFound)
    }

    /// Stores a value. A `cas` other than 0 must be the version last read.
    ///
    /// # Errors
    /// `CasMismatch`.
    pub fn set(&self, vm_id: &str, key: &[u8], value: &[u8], cas: u32) -> Result<(), Status> {
        let mut tables = self.tables();
        tables.last_cas = tables.last_cas.wrapping_add(1).max(1);
        let version = tables.last_cas;
        let slot = tables
            .data
            .entry((vm_id.to_owned(), key.to_vec()))
            .or_default();
        if cas != 0 && slot.1 != cas {
            return Err(Status::CasMismatch);
        }
        *slot = (value.to_vec(), version);
        Ok(())
    }

    /// Registers a queue, or takes it over when the name is known; `owner` learns of every item from now on.
    pub fn register(&self, vm_id: &str, name: &[u8], owner: QueueOwner) -> u32 {
        let mut tables = self.tables();
        let next = super::abi::to_u32(tables.tokens.len() + 1);
        let token = *tables
            .tokens
            .entry((vm_id.to_owned(), name.to_vec()))
            .or_insert(next);
        let items = tables
            .queues
            .remove(&token)
            .map(|queue| queue.items)
            .unwrap_or_default();
        tables.queues.insert(token, Queue { items, owner });
        token
    }

    /// The token of a queue, of whichever VM.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn resolve(&self, vm_id: &str, name: &[u8]) -> Result<u32, Status> {
        self.tables()
            .tokens
            .get(&(vm_id.to_owned(), name.to_vec()))
            .copied()
            .ok_or(Status::NotFound)
    }

    /// Appends an item and tells the owner.
    ///
    /// # Errors
    /// `NotFound`.
    pub fn enqueue(&self, token: u32, item: &[u8]) -> Result<(), Status> {
        let owner = {
            let mut tables = self.tables();
            let queue = tables.queues.get_mut(&token).ok_or(Status::NotFound)?;
            queue.items.push_back(item.to_vec());
            queue.owner.clone()
        };
        owner(token);
        Ok(())
    }

    /// Takes the oldest item.
    ///
    /// # Errors
    /// `NotFound` for an unknown queue, `Empty`.
    pub fn dequeue(&self, token: u32) -> Result<Vec<u8>, Status> {
        self.tables()
            .queues
            .get_mut(&token)
            .ok_or(Status::NotFound)?
            .items
            .pop_front()
            .ok_or(Status::Empty)
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_version_is_refused_and_zero_always_wins() {
        let shared = Shared::default();
        shared.set("vm", b"k", b"1", 0).unwrap();
        let (_, version) = shared.get("vm", b"k").unwrap();
        shared.set("vm", b"k", b"2", version).unwrap();
        assert_eq!(
            shared.set("vm", b"k", b"3", version),
            Err(Status::CasMismatch)
        );
        shared.set("vm", b"k", b"4", 0).unwrap();
        assert_eq!(shared.get("vm", b"k").unwrap().0, b"4");
        assert_eq!(shared.get("other", b"k"), Err(Status::NotFound));
    }

    #[test]
    fn items_arrive_in_order_and_the_last_to_register_is_told() {
        let shared = Shared::default();
        let told = Arc::new(Mutex::new(Vec::new()));
        let owner = |name: &'static str| -> QueueOwner {
            let told = told.clone();
            Arc::new(move |token| told.lock().unwrap().push((name, token)))
        };
        let token = shared.register("vm", b"q", owner("first"));
        assert_eq!(shared.register("vm", b"q", owner("second")), token);
        shared.enqueue(token, b"a").unwrap();
        shared.enqueue(token, b"b").unwrap();
        assert_eq!(
            *told.lock().unwrap(),
            [("second", token), ("second", token)]
        );
        assert_eq!(shared.dequeue(token).unwrap(), b"a");
        assert_eq!(shared.dequeue(token).unwrap(), b"b");
        assert_eq!(shared.dequeue(token), Err(Status::Empty));
        assert_eq!(shared.dequeue(99), Err(Status::NotFound));
    }
}
