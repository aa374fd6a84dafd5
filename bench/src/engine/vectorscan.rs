//! Vectorscan, the portable Hyperscan: the fastest matcher of many regular expressions there is, in C++.
//!
//! Debian's library is loaded at run time. It is given each slice at once ("block mode"), which is the least it can be asked. Where it reports the
//! start of a match, the byte before is looked at here: as a part of the expression it costs several times as much.
#![expect(unsafe_code, reason = "a C library, loaded by name")]

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_ulonglong, c_void};
use std::ops::Range;
use std::path::Path;
use std::ptr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use libloading::Library;

use super::rules::{Before, Pattern};
use super::{Engine, Runtime, Sample, pass};
use crate::corpus::Corpus;

/// What a match says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    /// Where it ends. Not enough to mask.
    End,
    /// Where it starts, too.
    Span,
}

/// A compiled database and its scratch space.
pub(crate) struct Vectorscan {
    name: &'static str,
    library: Rc<Library>,
    database: *mut c_void,
    scratch: *mut c_void,
    scan: Scan,
    /// By the number of the rule.
    before: Vec<Option<Before>>,
    /// Expressions that it cannot compile.
    pub(crate) refused: usize,
    /// Size of the database in bytes.
    pub(crate) bytes: usize,
}

type Event = extern "C" fn(c_uint, c_ulonglong, c_ulonglong, c_uint, *mut c_void) -> c_int;
type Scan = unsafe extern "C" fn(
    *const c_void,
    *const c_char,
    c_uint,
    c_uint,
    *mut c_void,
    Event,
    *mut c_void,
) -> c_int;
type CompileMulti = unsafe extern "C" fn(
    *const *const c_char,
    *const c_uint,
    *const c_uint,
    c_uint,
    c_uint,
    *const c_void,
    *mut *mut c_void,
    *mut *mut CompileError,
) -> c_int;
type Version = unsafe extern "C" fn() -> *const c_char;
type AllocateScratch = unsafe extern "C" fn(*const c_void, *mut *mut c_void) -> c_int;
type DatabaseSize = unsafe extern "C" fn(*const c_void, *mut usize) -> c_int;
type Free = unsafe extern "C" fn(*mut c_void) -> c_int;
type FreeError = unsafe extern "C" fn(*mut CompileError) -> c_int;

#[repr(C)]
struct CompileError {
    message: *mut c_char,
    expression: c_int,
}

const SOM_LEFTMOST: c_uint = 256;
const MODE_BLOCK: c_uint = 1;

/// The library, out of a folder or of the system.
pub(crate) fn library(folder: &Path) -> Result<Rc<Library>> {
    let names = [
        folder.join("usr/lib/x86_64-linux-gnu/libhs.so.5"),
        folder.join("usr/lib/aarch64-linux-gnu/libhs.so.5"),
        "libhs.so.5".into(),
    ];
    for name in names {
        // SAFETY: the library's constructors only look at the CPU.
        if let Ok(library) = unsafe { Library::new(&name) } {
            return Ok(Rc::new(library));
        }
    }
    bail!(
        "libhs.so.5 is neither installed (Debian: libvectorscan5) nor unpacked in {}",
        folder.display()
    )
}

/// The library's own name for its version.
pub(crate) fn version(library: &Library) -> Result<String> {
    // SAFETY: the signature is that of hs.h; the answer is a static string.
    let text = unsafe { CStr::from_ptr(library.get::<Version>(b"hs_version\0")?()) };
    Ok(text.to_string_lossy().trim().to_owned())
}

impl Vectorscan {
    pub(crate) fn new(
        name: &'static str,
        library: &Rc<Library>,
        rules: &[Pattern],
        report: Report,
    ) -> Result<Self> {
        let mut before = Vec::new();
        let mut expressions = Vec::new();
        for rule in rules {
            let (text, allowed) = match report {
                Report::End => (rule.anywhere(), None),
                Report::Span => (rule.behind_before(), Some(rule.before()?)),
            };
            let text = CString::new(text).context("a rule holds a NUL")?;
            expressions.push((text, rule.rule));
            if before.len() == usize::try_from(rule.rule)? {
                before.push(allowed);
            }
        }
        let mut refused = 0;
        let database = loop {
            match compile(library, &expressions, report)? {
                Ok(database) => break database,
                Err((rule, reason)) => {
                    ensure!(rule < expressions.len(), "vectorscan: {reason}");
                    expressions.remove(rule);
                    refused += 1;
                }
            }
        };
        let mut scratch = ptr::null_mut();
        let mut bytes = 0;
        // SAFETY: the signatures are those of hs.h, the database is one that was just compiled.
        let scan = unsafe {
            check(library.get::<AllocateScratch>(b"hs_alloc_scratch\0")?(
                database,
                &raw mut scratch,
            ))?;
            check(library.get::<DatabaseSize>(b"hs_database_size\0")?(
                database,
                &raw mut bytes,
            ))?;
            *library.get::<Scan>(b"hs_scan\0")?
        };
        Ok(Self {
            name,
            library: Rc::clone(library),
            database,
            scratch,
            scan,
            before,
            refused,
            bytes,
        })
    }

    fn scan(&self, bytes: &[u8]) -> Result<(Duration, u64)> {
        let mut matches = Matches {
            text: bytes,
            before: &self.before,
            count: 0,
        };
        let at = Instant::now();
        // SAFETY: database and scratch live as long as self; the text is one live slice; the context outlives the call.
        let result = unsafe {
            (self.scan)(
                self.database,
                bytes.as_ptr().cast(),
                c_uint::try_from(bytes.len())?,
                0,
                self.scratch,
                counted,
                (&raw mut matches).cast(),
            )
        };
        let time = at.elapsed();
        check(result)?;
        Ok((time, matches.count))
    }
}

/// A database, or which expression cannot be compiled and why.
fn compile(
    library: &Library,
    expressions: &[(CString, c_uint)],
    report: Report,
) -> Result<Result<*mut c_void, (usize, String)>> {
    let pointers: Vec<*const c_char> = expressions.iter().map(|(text, _)| text.as_ptr()).collect();
    let flag = match report {
        Report::End => 0,
        Report::Span => SOM_LEFTMOST,
    };
    let flags = vec![flag; pointers.len()];
    // Expressions of one rule share a number, which makes a smaller and faster database.
    let ids: Vec<c_uint> = expressions.iter().map(|(_, rule)| *rule).collect();
    let mut database = ptr::null_mut();
    let mut error: *mut CompileError = ptr::null_mut();
    // SAFETY: the signature is that of hs.h; the three arrays have as many elements as are said; no platform means this one.
    unsafe {
        let compile = library.get::<CompileMulti>(b"hs_compile_multi\0")?;
        compile(
            pointers.as_ptr(),
            flags.as_ptr(),
            ids.as_ptr(),
            c_uint::try_from(pointers.len())?,
            MODE_BLOCK,
            ptr::null(),
            &raw mut database,
            &raw mut error,
        );
        let Some(failure) = error.as_ref() else {
            return Ok(Ok(database));
        };
        let reason = CStr::from_ptr(failure.message)
            .to_string_lossy()
            .into_owned();
        let rule = usize::try_from(failure.expression).unwrap_or(usize::MAX);
        library.get::<FreeError>(b"hs_free_compile_error\0")?(error);
        Ok(Err((rule, reason)))
    }
}

/// What a scan has found so far, and what it takes to believe a match.
struct Matches<'a> {
    text: &'a [u8],
    before: &'a [Option<Before>],
    count: u64,
}

extern "C" fn counted(
    rule: c_uint,
    from: c_ulonglong,
    _: c_ulonglong,
    _: c_uint,
    matches: *mut c_void,
) -> c_int {
    // SAFETY: the context is the one that `scan` handed over, and nothing else touches it during the call.
    let matches = unsafe { &mut *matches.cast::<Matches<'_>>() };
    let before = matches.before.get(rule as usize).and_then(Option::as_ref);
    let from = usize::try_from(from).unwrap_or(usize::MAX);
    matches.count += u64::from(before.is_none_or(|before| before.allows(matches.text, from)));
    0
}

fn check(result: c_int) -> Result<()> {
    ensure!(result == 0, "vectorscan failed with {result}");
    Ok(())
}

impl Drop for Vectorscan {
    fn drop(&mut self) {
        // SAFETY: the signatures are those of hs.h; both were allocated by the library and are not used again.
        unsafe {
            if let Ok(free) = self.library.get::<Free>(b"hs_free_scratch\0") {
                free(self.scratch);
            }
            if let Ok(free) = self.library.get::<Free>(b"hs_free_database\0") {
                free(self.database);
            }
        }
    }
}

impl Engine for Vectorscan {
    fn name(&self) -> &'static str {
        self.name
    }

    fn runtime(&self) -> Runtime {
        Runtime::Native
    }

    fn pass(
        &mut self,
        corpus: &Corpus,
        slices: &[Range<usize>],
        repetitions: u32,
    ) -> Result<Vec<Sample>> {
        pass(corpus, slices, repetitions, |bytes| self.scan(bytes))
    }
}
