//! The few WASI functions Envoy offers. There are no files, no sockets and no processes; standard output and error are log lines.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wasmtime::{Linker, Result};

use super::{
    LogLevel, Status,
    hostcalls::{Host, read, write, write_u32},
    state::State,
};

const OK: i32 = 0;
const BAD_DESCRIPTOR: i32 = 8;
const FAULT: i32 = 21;
const NOT_CAPABLE: i32 = 76;
const UNSUPPORTED: i32 = 52;

const MODULE: &str = "wasi_snapshot_preview1";

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    link_process(linker)?;
    link_descriptors(linker)?;
    link_paths(linker)
}

fn link_process(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        MODULE,
        "environ_sizes_get",
        |mut host: Host<'_>, count: i32, size: i32| -> i32 {
            let environment = environment(&host);
            let bytes: usize = environment.iter().map(Vec::len).sum();
            errno(
                write_u32(&mut host, count, super::abi::to_u32(environment.len()))
                    .and_then(|()| write_u32(&mut host, size, super::abi::to_u32(bytes))),
            )
        },
    )?;
    linker.func_wrap(
        MODULE,
        "environ_get",
        |mut host: Host<'_>, mut pointers: i32, mut at: i32| -> i32 {
            let result = environment(&host).iter().try_for_each(|entry| {
                write_u32(&mut host, pointers, at as u32)?;
                write(&mut host, at, entry)?;
                pointers = pointers.wrapping_add(4);
                at = at.wrapping_add(i32::try_from(entry.len()).unwrap_or(i32::MAX));
                Ok(())
            });
            errno(result)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "args_sizes_get",
        |mut host: Host<'_>, count: i32, size: i32| -> i32 {
            errno(write_u32(&mut host, count, 0).and_then(|()| write_u32(&mut host, size, 0)))
        },
    )?;
    linker.func_wrap(MODULE, "args_get", |_: Host<'_>, _: i32, _: i32| -> i32 {
        OK
    })?;
    linker.func_wrap(
        MODULE,
        "clock_time_get",
        |mut host: Host<'_>, clock: i32, _precision: i64, time: i32| -> i32 {
            let nanoseconds = match clock {
                0 => SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default(),
                1 => monotonic(),
                _ => return UNSUPPORTED,
            };
            errno(write(
                &mut host,
                time,
                &u64::try_from(nanoseconds.as_nanos())
                    .unwrap_or(u64::MAX)
                    .to_le_bytes(),
            ))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "clock_res_get",
        |mut host: Host<'_>, _clock: i32, resolution: i32| -> i32 {
            errno(write(&mut host, resolution, &1u64.to_le_bytes()))
        },
    )?;
    linker.func_wrap(
        MODULE,
        "random_get",
        |mut host: Host<'_>, at: i32, len: i32| -> i32 {
            // An absurd length is refused before it is allocated.
            let Ok(len) = usize::try_from(len) else {
                return FAULT;
            };
            let mut bytes = vec![0; len.min(1 << 20)];
            match rustls::crypto::ring::default_provider()
                .secure_random
                .fill(&mut bytes)
            {
                Ok(()) => errno(write(&mut host, at, &bytes)),
                Err(_) => FAULT,
            }
        },
    )?;
    linker.func_wrap(
        MODULE,
        "proc_exit",
        |_: Host<'_>, code: i32| -> Result<()> {
            Err(wasmtime::Error::msg(format!("proc_exit({code})")))
        },
    )?;
    linker.func_wrap(MODULE, "sched_yield", |_: Host<'_>| -> i32 { OK })?;
    linker.func_wrap(
        MODULE,
        "poll_oneoff",
        |_: Host<'_>, _: i32, _: i32, _: i32, _: i32| -> i32 { UNSUPPORTED },
    )?;
    Ok(())
}

fn link_descriptors(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        MODULE,
        "fd_write",
        |mut host: Host<'_>, descriptor: i32, vectors: i32, count: i32, written: i32| -> i32 {
            let level = match descriptor {
                1 => LogLevel::Info,
                2 => LogLevel::Error,
                _ => return BAD_DESCRIPTOR,
            };
            let text = (0..count).try_fold(Vec::new(), |mut text, index| {
                let pair = read(&mut host, vectors.wrapping_add(index.wrapping_mul(8)), 8)?;
                let word = |at: usize| {
                    pair.get(at..at + 4)
                        .and_then(|four| four.try_into().ok())
                        .map_or(0, i32::from_le_bytes)
                };
                text.extend(read(&mut host, word(0), word(4))?);
                Ok::<_, Status>(text)
            });
            let result = text.and_then(|text| {
                write_u32(&mut host, written, super::abi::to_u32(text.len()))?;
                let line = String::from_utf8_lossy(&text)
                    .trim_end_matches('\n')
                    .to_owned();
                host.data().services.logs.push(level, "wasm", line);
                Ok(())
            });
            errno(result)
        },
    )?;
    linker.func_wrap(
        MODULE,
        "fd_read",
        |_: Host<'_>, _: i32, _: i32, _: i32, _: i32| -> i32 { UNSUPPORTED },
    )?;
    linker.func_wrap(
        MODULE,
        "fd_seek",
        |_: Host<'_>, _: i32, _: i64, _: i32, _: i32| -> i32 { UNSUPPORTED },
    )?;
    linker.func_wrap(MODULE, "fd_close", |_: Host<'_>, _: i32| -> i32 {
        UNSUPPORTED
    })?;
    linker.func_wrap(
        MODULE,
        "fd_fdstat_get",
        |mut host: Host<'_>, descriptor: i32, stat: i32| -> i32 {
            // A character device that can be written: what the standard streams are.
            let mut bytes = [0u8; 24];
            (bytes[0], bytes[8]) = (2, 64);
            if matches!(descriptor, 1 | 2) {
                errno(write(&mut host, stat, &bytes))
            } else {
                BAD_DESCRIPTOR
            }
        },
    )?;
    linker.func_wrap(
        MODULE,
        "fd_fdstat_set_flags",
        |_: Host<'_>, _: i32, _: i32| -> i32 { UNSUPPORTED },
    )?;
    linker.func_wrap(
        MODULE,
        "fd_filestat_get",
        |_: Host<'_>, _: i32, _: i32| -> i32 { NOT_CAPABLE },
    )?;
    linker.func_wrap(
        MODULE,
        "fd_prestat_get",
        |_: Host<'_>, _: i32, _: i32| -> i32 { BAD_DESCRIPTOR },
    )?;
    linker.func_wrap(
        MODULE,
        "fd_prestat_dir_name",
        |_: Host<'_>, _: i32, _: i32, _: i32| -> i32 { UNSUPPORTED },
    )?;
    linker.func_wrap(
        MODULE,
        "fd_readdir",
        |_: Host<'_>, _: i32, _: i32, _: i32, _: i64, _: i32| -> i32 { NOT_CAPABLE },
    )?;
    Ok(())
}

fn link_paths(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        MODULE,
        "path_open",
        |_: Host<'_>,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i32,
         _: i64,
         _: i64,
         _: i32,
         _: i32|
         -> i32 { NOT_CAPABLE },
    )?;
    for name in [
        "path_create_directory",
        "path_remove_directory",
        "path_unlink_file",
    ] {
        linker.func_wrap(MODULE, name, |_: Host<'_>, _: i32, _: i32, _: i32| -> i32 {
            NOT_CAPABLE
        })?;
    }
    linker.func_wrap(
        MODULE,
        "path_filestat_get",
        |_: Host<'_>, _: i32, _: i32, _: i32, _: i32, _: i32| -> i32 { NOT_CAPABLE },
    )?;
    linker.func_wrap(
        MODULE,
        "path_readlink",
        |_: Host<'_>, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32| -> i32 { NOT_CAPABLE },
    )?;
    linker.func_wrap(
        MODULE,
        "path_rename",
        |_: Host<'_>, _: i32, _: i32, _: i32, _: i32, _: i32, _: i32| -> i32 { NOT_CAPABLE },
    )?;
    Ok(())
}

fn environment(host: &Host<'_>) -> Vec<Vec<u8>> {
    host.data()
        .settings
        .environment
        .iter()
        .map(|(name, value)| format!("{name}={value}\0").into_bytes())
        .collect()
}

fn monotonic() -> Duration {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed() + Duration::from_secs(1)
}

fn errno(result: Result<(), Status>) -> i32 {
    if result.is_ok() { OK } else { FAULT }
}
