//! Where things are in this repository.

use std::env;
use std::path::PathBuf;

/// Folders and files that benchmarks read and write.
pub(crate) struct Folders {
    root: PathBuf,
    target: PathBuf,
}

impl Folders {
    pub(crate) fn new() -> Self {
        let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let target = env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
        Self { root, target }
    }

    pub(crate) fn rules(&self) -> PathBuf {
        self.root.join("policies/credentials")
    }

    /// Where the names of fields are.
    pub(crate) fn carriers(&self) -> PathBuf {
        self.root.join("policies/carriers.toml")
    }

    pub(crate) fn document(&self) -> PathBuf {
        self.root.join("docs/benchmarks.md")
    }

    pub(crate) fn script(&self) -> PathBuf {
        self.root.join("bench/guest.mjs")
    }

    pub(crate) fn module_script(&self) -> PathBuf {
        self.root.join("bench/module.mjs")
    }

    /// Everything that a benchmark leaves behind.
    pub(crate) fn results(&self) -> PathBuf {
        self.target.join("bench")
    }

    pub(crate) fn guest(&self) -> PathBuf {
        self.target
            .join("wasm32-wasip1/wasm/veilgate_bench_guest.wasm")
    }

    pub(crate) fn guest_without_simd(&self) -> PathBuf {
        self.target
            .join("wasm32-wasip1/wasm-scalar/veilgate_bench_guest.wasm")
    }

    /// The program whose instructions are counted.
    pub(crate) fn counted(&self) -> PathBuf {
        self.target.join("counted/examples/counted")
    }
}
