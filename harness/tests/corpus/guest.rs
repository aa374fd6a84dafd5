//! The scan engine as a WebAssembly module in wasmtime, with SIMD and without.

use std::path::{Path, PathBuf};

use wasmtime::{
    Engine, Instance, Linker, Memory, Module, Store, TypedFunc, WasmParams, WasmResults,
};

use crate::{assert_none, compare, cuttings, guest_prefix, guest_takes, taken};

#[test]
fn the_engine_in_wasmtime() {
    every_case_in("wasmtime", &module());
}

#[test]
fn the_engine_in_wasmtime_without_simd() {
    every_case_in("wasmtime without SIMD", &scalar_module());
}

fn every_case_in(runtime: &str, module: &Path) {
    let mut guest = Guest::load(module);
    let mut failures = Vec::new();
    for case in taken(runtime, guest_takes) {
        let prefix = guest_prefix(case);
        let differing = cuttings(case).into_iter().find_map(|pieces| {
            let (out, failed) = guest.redact(&prefix, &pieces);
            let lengths: Vec<usize> = pieces.iter().map(|piece| piece.len()).collect();
            compare(case, &format!("as {lengths:?}"), &out, failed)
        });
        failures.extend(differing);
    }
    assert_none(&failures);
}

/// The guest that was built last.
pub(crate) fn module() -> PathBuf {
    found(
        "VEILGATE_GUEST_WASM",
        &["wasm32-wasip1/wasm", "wasm32-wasip1/wasm-dev"],
    )
}

fn scalar_module() -> PathBuf {
    found("VEILGATE_GUEST_SCALAR_WASM", &["wasm32-wasip1/wasm-scalar"])
}

fn found(variable: &str, folders: &[&str]) -> PathBuf {
    if let Some(path) = std::env::var_os(variable).filter(|path| !path.is_empty()) {
        return PathBuf::from(path);
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    );
    let built = folders
        .iter()
        .map(|folder| target.join(folder).join("veilgate_bench_guest.wasm"))
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .max();
    built
        .unwrap_or_else(|| {
            panic!(
                "there is no veilgate_bench_guest.wasm below {}: run `make bench-guest`",
                target.display()
            )
        })
        .1
}

/// An instance of the guest.
struct Guest {
    store: Store<()>,
    memory: Memory,
    input: TypedFunc<u32, u32>,
    open_as: TypedFunc<u32, i32>,
    header: TypedFunc<u32, i32>,
    write: TypedFunc<u32, i32>,
    end: TypedFunc<(), i32>,
    output: TypedFunc<(), u32>,
    output_length: TypedFunc<(), u32>,
    clear_output: TypedFunc<(), ()>,
}

impl Guest {
    fn load(path: &Path) -> Self {
        let engine = Engine::default();
        let module = Module::from_file(&engine, path).unwrap();
        let mut linker = Linker::new(&engine);
        let mut store = Store::new(&engine, ());
        // The system is not needed; its functions are there to be linked.
        linker
            .define_unknown_imports_as_default_values(&mut store, &module)
            .unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        function::<(), ()>(&instance, &mut store, "_initialize")
            .call(&mut store, ())
            .unwrap();
        Self {
            memory: instance.get_memory(&mut store, "memory").unwrap(),
            input: function(&instance, &mut store, "input"),
            open_as: function(&instance, &mut store, "stream_open_as"),
            header: function(&instance, &mut store, "header"),
            write: function(&instance, &mut store, "stream_write"),
            end: function(&instance, &mut store, "stream_end"),
            output: function(&instance, &mut store, "output"),
            output_length: function(&instance, &mut store, "output_length"),
            clear_output: function(&instance, &mut store, "clear_output"),
            store,
        }
    }

    /// What comes out, and whether it failed.
    fn redact(&mut self, prefix: &str, pieces: &[&[u8]]) -> (Vec<u8>, bool) {
        if prefix.ends_with(": ") {
            let line = [prefix.as_bytes(), &pieces.concat()].concat();
            let length = self.fill(&line);
            let failed = self.header.call(&mut self.store, length).unwrap() < 0;
            return (self.take_output(), failed);
        }
        let length = self.fill(prefix.as_bytes());
        let mut failed = self.open_as.call(&mut self.store, length).unwrap() < 0;
        let mut out = Vec::new();
        for piece in pieces.iter().map(Some).chain([None]) {
            if failed {
                break;
            }
            let result = match piece {
                Some(piece) => {
                    let length = self.fill(piece);
                    self.write.call(&mut self.store, length)
                }
                None => self.end.call(&mut self.store, ()),
            };
            failed = result.unwrap() < 0;
            out.extend(self.take_output());
        }
        (out, failed)
    }

    fn fill(&mut self, bytes: &[u8]) -> u32 {
        let length = u32::try_from(bytes.len()).unwrap();
        let address = self.input.call(&mut self.store, length).unwrap();
        self.memory
            .write(&mut self.store, address as usize, bytes)
            .unwrap();
        length
    }

    fn take_output(&mut self) -> Vec<u8> {
        let address = self.output.call(&mut self.store, ()).unwrap() as usize;
        let length = self.output_length.call(&mut self.store, ()).unwrap() as usize;
        let out = self.memory.data(&self.store)[address..address + length].to_vec();
        self.clear_output.call(&mut self.store, ()).unwrap();
        out
    }
}

fn function<P: WasmParams, R: WasmResults>(
    instance: &Instance,
    store: &mut Store<()>,
    name: &str,
) -> TypedFunc<P, R> {
    instance.get_typed_func(store, name).unwrap()
}
