//! The guest in wasmtime, as the local proxy and other programs in Rust embed it.

use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use wasmtime::error::Context;
use wasmtime::{
    Config, Instance, Linker, Memory, Module, OptLevel, Result, Store, TypedFunc, ensure,
};

use super::{CHUNK, Call, Engine, Runtime, Sample, pass};
use crate::corpus::Corpus;

/// One instance of the guest, and which of its exports is measured.
pub(crate) struct Wasmtime {
    call: Call,
    store: Store<()>,
    memory: Memory,
    input: TypedFunc<u32, u32>,
    open: TypedFunc<u32, ()>,
    write: TypedFunc<u32, i32>,
    end: TypedFunc<(), i32>,
    clear: TypedFunc<(), ()>,
    findings: TypedFunc<(), u32>,
    sum: TypedFunc<u32, u32>,
    headers: TypedFunc<u32, i32>,
}

impl Wasmtime {
    pub(crate) fn new(guest: &Path, call: Call) -> anyhow::Result<Self> {
        Self::instantiate(guest, call).map_err(failed)
    }

    /// One map of headers, scrubbed so many times: what the fastest took.
    pub(crate) fn headers(&mut self, map: &[u8], repetitions: u32) -> anyhow::Result<Duration> {
        (0..repetitions.max(1))
            .map(|_| self.scrub(map))
            .try_fold(Duration::MAX, |shortest, time| Ok(shortest.min(time?)))
            .map_err(failed)
    }

    fn instantiate(guest: &Path, call: Call) -> Result<Self> {
        let mut config = Config::new();
        config.cranelift_opt_level(OptLevel::Speed);
        let engine = wasmtime::Engine::new(&config)?;
        let module = Module::from_file(&engine, guest)?;
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        // The guest asks for random seeds of hash tables, and for nothing else while it works.
        linker.define_unknown_imports_as_default_values(&mut store, &module)?;
        let instance = linker.instantiate(&mut store, &module)?;
        instance
            .get_typed_func::<(), ()>(&mut store, "_initialize")?
            .call(&mut store, ())?;
        Self::with(&instance, store, call)
    }

    fn with(instance: &Instance, mut store: Store<()>, call: Call) -> Result<Self> {
        let store_ref = &mut store;
        Ok(Self {
            call,
            memory: instance
                .get_memory(&mut *store_ref, "memory")
                .context("the guest exports no memory")?,
            input: instance.get_typed_func(&mut *store_ref, "input")?,
            open: instance.get_typed_func(&mut *store_ref, "stream_open")?,
            write: instance.get_typed_func(&mut *store_ref, "stream_write")?,
            end: instance.get_typed_func(&mut *store_ref, "stream_end")?,
            clear: instance.get_typed_func(&mut *store_ref, "clear_output")?,
            findings: instance.get_typed_func(&mut *store_ref, "findings")?,
            sum: instance.get_typed_func(&mut *store_ref, "sum")?,
            headers: instance.get_typed_func(&mut *store_ref, "headers")?,
            store,
        })
    }

    fn scrub(&mut self, map: &[u8]) -> Result<Duration> {
        let length = self.fill(map)?;
        let at = Instant::now();
        let changed = self.headers.call(&mut self.store, length)?;
        let time = at.elapsed();
        ensure!(changed >= 0, "the guest failed");
        Ok(time)
    }

    fn fill(&mut self, bytes: &[u8]) -> Result<u32> {
        let length = u32::try_from(bytes.len())?;
        let address = self.input.call(&mut self.store, length)?;
        self.memory
            .write(&mut self.store, usize::try_from(address)?, bytes)?;
        Ok(length)
    }

    fn scan(&mut self, bytes: &[u8]) -> Result<(Duration, u64)> {
        let mut spent = Duration::ZERO;
        self.open.call(&mut self.store, 0)?;
        for chunk in bytes.chunks(CHUNK) {
            let length = self.fill(chunk)?;
            let at = Instant::now();
            if self.call == Call::Sum {
                self.sum.call(&mut self.store, length)?;
            } else {
                self.clear.call(&mut self.store, ())?;
                let given = self.write.call(&mut self.store, length)?;
                ensure!(given >= 0, "the guest failed");
            }
            spent += at.elapsed();
        }
        let at = Instant::now();
        ensure!(self.end.call(&mut self.store, ())? >= 0, "the guest failed");
        if self.call == Call::Scan {
            spent += at.elapsed();
        }
        let findings = self.findings.call(&mut self.store, ())?;
        Ok((spent, u64::from(findings)))
    }
}

impl Engine for Wasmtime {
    fn name(&self) -> &'static str {
        self.call.name()
    }

    fn runtime(&self) -> Runtime {
        Runtime::Wasmtime
    }

    fn pass(
        &mut self,
        corpus: &Corpus,
        slices: &[Range<usize>],
        repetitions: u32,
    ) -> anyhow::Result<Vec<Sample>> {
        pass(corpus, slices, repetitions, |bytes| {
            self.scan(bytes).map_err(failed)
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "passed to `map_err`")]
fn failed(error: wasmtime::Error) -> anyhow::Error {
    anyhow!("wasmtime: {error:?}")
}
