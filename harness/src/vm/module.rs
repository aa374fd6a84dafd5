//! Compiled modules.
//!
//! Compiling megabytes takes seconds, loading compiled code milliseconds. Compiled code is kept twice: for this process by the digest of the
//! module, and on disk by the runtime's own cache, which keys it by content, compiler version and settings.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use sha2::{Digest, Sha256};
use wasmtime::{Cache, CacheConfig, Config, Engine};

/// How often the clock that stops endless callbacks moves.
pub(super) const EPOCH: Duration = Duration::from_millis(20);

/// Compiled code of one module; cheap to clone.
#[derive(Clone)]
pub struct Module {
    pub(super) code: wasmtime::Module,
    digest: [u8; 32],
}

/// Why a module could not be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read module `{path}`: {source}")]
    Read {
        /// The file.
        path: String,
        /// The reason.
        source: std::io::Error,
    },
    /// The bytes are not a module this host can run.
    #[error("not a WebAssembly module this host can run: {0}")]
    Compile(String),
    /// The runtime cannot start.
    #[error("the WebAssembly runtime cannot start: {0}")]
    Runtime(String),
}

impl Module {
    /// Loads the module in `path` (binary, or text when it ends in `.wat` and the caller converted it).
    ///
    /// # Errors
    /// When the file cannot be read or compiled.
    pub fn from_file(path: &Path) -> Result<Module, LoadError> {
        let bytes = std::fs::read(path).map_err(|source| LoadError::Read {
            path: path.display().to_string(),
            source,
        })?;
        Module::from_bytes(&bytes)
    }

    /// Loads a binary module. The first time for given bytes costs a compilation (about a second per megabyte), later ones a copy from the cache.
    ///
    /// # Errors
    /// When the bytes do not compile. Hostile bytes cost time, never memory safety.
    pub fn from_bytes(bytes: &[u8]) -> Result<Module, LoadError> {
        static LOADED: OnceLock<Mutex<HashMap<[u8; 32], Module>>> = OnceLock::new();
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let loaded = LOADED.get_or_init(Mutex::default);
        if let Some(module) = loaded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&digest)
        {
            return Ok(module.clone());
        }
        let code = wasmtime::Module::from_binary(engine()?, bytes)
            .map_err(|error| LoadError::Compile(format!("{error:#}")))?;
        let module = Module { code, digest };
        loaded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(digest, module.clone());
        Ok(module)
    }

    /// SHA-256 of the module's bytes.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

/// The engine of this process, with its clock running.
pub(super) fn engine() -> Result<&'static Engine, LoadError> {
    static ENGINE: OnceLock<Result<Engine, String>> = OnceLock::new();
    ENGINE
        .get_or_init(start_engine)
        .as_ref()
        .map_err(|error| LoadError::Runtime(error.clone()))
}

fn start_engine() -> Result<Engine, String> {
    let mut config = Config::new();
    config.epoch_interruption(true);
    // Deep recursion on data of a request must end as a trap of the module, as it does in a browser engine with its megabyte of stack.
    config.max_wasm_stack(1 << 20);
    config.cache(disk_cache());
    let engine = Engine::new(&config).map_err(|error| error.to_string())?;
    let clock = Arc::new(engine.clone());
    std::thread::Builder::new()
        .name("wasm-epoch".into())
        .spawn(move || {
            loop {
                std::thread::sleep(EPOCH);
                clock.increment_epoch();
            }
        })
        .map_err(|error| error.to_string())?;
    Ok(engine)
}

/// The user's cache folder, else one under the temporary folder, else none: a cache that cannot be had costs time only.
fn disk_cache() -> Option<Cache> {
    Cache::new(CacheConfig::new())
        .or_else(|_| {
            let mut config = CacheConfig::new();
            config.with_directory(std::env::temp_dir().join("proxy-wasm-cache"));
            Cache::new(config)
        })
        .ok()
}
