//! Properties, shared data, queues, metrics, log, clock.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use wasmtime::{Linker, Result};

use super::{Host, Status, give, read, status, write, write_u32};
use crate::vm::{LogLevel, TickChange, metrics::Metric, property::property, state::State};

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    link_properties(linker)?;
    link_shared(linker)?;
    link_metrics(linker)?;
    linker.func_wrap(
        "env",
        "proxy_log",
        |mut host: Host<'_>, level: i32, message: i32, len: i32| -> i32 {
            let result = (|| {
                let level = LogLevel::from_abi(level).ok_or(Status::BadArgument)?;
                let message = read(&mut host, message, len)?;
                host.data()
                    .services
                    .logs
                    .push(level, "wasm", String::from_utf8_lossy(&message));
                Ok(())
            })();
            status(result)
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_get_log_level",
        |mut host: Host<'_>, level: i32| -> i32 {
            let number = host.data().services.logs.level() as u32;
            status(write_u32(&mut host, level, number))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_get_current_time_nanoseconds",
        |mut host: Host<'_>, time: i32| -> i32 {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_nanos();
            status(write(
                &mut host,
                time,
                &u64::try_from(now).unwrap_or(u64::MAX).to_le_bytes(),
            ))
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_set_tick_period_milliseconds",
        |mut host: Host<'_>, period: i32| -> i32 {
            let change = TickChange {
                root: host.data().root(),
                period: Duration::from_millis(u64::from(period as u32)),
            };
            host.data_mut().ticks.push(change);
            Status::Ok as i32
        },
    )?;
    Ok(())
}

fn link_properties(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_get_property",
        |mut host: Host<'_>, path: i32, path_len: i32, address: i32, length: i32| -> Result<i32> {
            let value = read(&mut host, path, path_len).and_then(|path| {
                let state = host.data();
                match state.stream() {
                    Some(stream) => property(&stream.borrow(), &path),
                    None => root_property(state, &path),
                }
            });
            match value {
                Ok(value) => give(&mut host, &value, address, length),
                Err(refused) => Ok(refused as i32),
            }
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_set_property",
        |mut host: Host<'_>, path: i32, path_len: i32, value: i32, value_len: i32| -> i32 {
            let result = (|| {
                let path = read(&mut host, path, path_len)?;
                let value = read(&mut host, value, value_len)?;
                let stream = host.data().stream().ok_or(Status::NotFound)?;
                stream.borrow_mut().filter_state.insert(path, value);
                Ok(())
            })();
            status(result)
        },
    )?;
    Ok(())
}

fn root_property(state: &State, path: &[u8]) -> Result<Vec<u8>, Status> {
    let plugin = state.plugin().ok_or(Status::NotFound)?;
    match path.strip_suffix(&[0]).unwrap_or(path) {
        b"plugin_name" => Ok(plugin.name.clone().into_bytes()),
        b"plugin_root_id" => Ok(plugin.root_id.clone().into_bytes()),
        b"plugin_vm_id" => Ok(state.settings.vm_id.clone().into_bytes()),
        _ => Err(Status::NotFound),
    }
}

fn link_shared(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_get_shared_data",
        |mut host: Host<'_>,
         key: i32,
         key_len: i32,
         address: i32,
         length: i32,
         cas: i32|
         -> Result<i32> {
            let found = read(&mut host, key, key_len).and_then(|key| {
                let state = host.data();
                let (value, version) = state.services.shared.get(&state.settings.vm_id, &key)?;
                write_u32(&mut host, cas, version).map(|()| value)
            });
            match found {
                Ok(value) => give(&mut host, &value, address, length),
                Err(refused) => Ok(refused as i32),
            }
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_set_shared_data",
        |mut host: Host<'_>, key: i32, key_len: i32, value: i32, value_len: i32, cas: i32| -> i32 {
            let result = (|| {
                let key = read(&mut host, key, key_len)?;
                let value = read(&mut host, value, value_len)?;
                let state = host.data();
                state
                    .services
                    .shared
                    .set(&state.settings.vm_id, &key, &value, cas as u32)
            })();
            status(result)
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_register_shared_queue",
        |mut host: Host<'_>, name: i32, name_len: i32, token: i32| -> i32 {
            let result = read(&mut host, name, name_len).and_then(|name| {
                let state = host.data();
                let (root, ready) = (state.root(), state.services.queue_ready.clone());
                let number = state.services.shared.register(
                    &state.settings.vm_id,
                    &name,
                    Arc::new(move |token| ready(root, token)),
                );
                write_u32(&mut host, token, number)
            });
            status(result)
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_resolve_shared_queue",
        |mut host: Host<'_>,
         vm_id: i32,
         vm_id_len: i32,
         name: i32,
         name_len: i32,
         token: i32|
         -> i32 {
            let result = (|| {
                let vm_id = read(&mut host, vm_id, vm_id_len)?;
                let name = read(&mut host, name, name_len)?;
                let number = host
                    .data()
                    .services
                    .shared
                    .resolve(&String::from_utf8_lossy(&vm_id), &name)?;
                write_u32(&mut host, token, number)
            })();
            status(result)
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_enqueue_shared_queue",
        |mut host: Host<'_>, token: i32, item: i32, item_len: i32| -> i32 {
            let result = read(&mut host, item, item_len)
                .and_then(|item| host.data().services.shared.enqueue(token as u32, &item));
            status(result)
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_dequeue_shared_queue",
        |mut host: Host<'_>, token: i32, address: i32, length: i32| -> Result<i32> {
            match host.data().services.shared.dequeue(token as u32) {
                Ok(item) => give(&mut host, &item, address, length),
                Err(refused) => Ok(refused as i32),
            }
        },
    )?;
    Ok(())
}

/// Metric numbers are positions in a list of names, from 1 on.
fn link_metrics(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(
        "env",
        "proxy_define_metric",
        |mut host: Host<'_>, kind: i32, name: i32, name_len: i32, id: i32| -> i32 {
            let result = (|| {
                let name = read(&mut host, name, name_len)?;
                let name = format!("wasmcustom.{}", String::from_utf8_lossy(&name));
                let metric = match kind {
                    0 => Metric::Counter(0),
                    1 => Metric::Gauge(0),
                    2 => Metric::Histogram { count: 0, sum: 0 },
                    _ => return Err(Status::BadArgument),
                };
                let state = host.data_mut();
                state.services.metrics.define(&name, metric);
                state.metrics.push(name);
                let number = crate::vm::abi::to_u32(state.metrics.len());
                write_u32(&mut host, id, number)
            })();
            status(result)
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_increment_metric",
        |host: Host<'_>, id: i32, offset: i64| -> i32 {
            on_metric(&host, id, |metric| match metric {
                Metric::Counter(value) if offset > 0 => {
                    *value = value.wrapping_add(offset as u64);
                    Status::Ok
                }
                Metric::Gauge(value) => {
                    *value = value.wrapping_add(offset);
                    Status::Ok
                }
                _ => Status::BadArgument,
            })
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_record_metric",
        |host: Host<'_>, id: i32, record: i64| -> i32 {
            on_metric(&host, id, |metric| {
                match metric {
                    Metric::Counter(value) => *value = value.wrapping_add(record as u64),
                    Metric::Gauge(value) => *value = record,
                    Metric::Histogram { count, sum } => {
                        (*count, *sum) = (count.wrapping_add(1), sum.wrapping_add(record as u64));
                    }
                }
                Status::Ok
            })
        },
    )?;
    linker.func_wrap(
        "env",
        "proxy_get_metric",
        |mut host: Host<'_>, id: i32, result: i32| -> i32 {
            let mut found = 0u64;
            let answer = on_metric(&host, id, |metric| match metric {
                Metric::Counter(value) => {
                    found = *value;
                    Status::Ok
                }
                Metric::Gauge(value) => {
                    found = *value as u64;
                    Status::Ok
                }
                Metric::Histogram { .. } => Status::BadArgument,
            });
            if answer == Status::Ok as i32 {
                status(write(&mut host, result, &found.to_le_bytes()))
            } else {
                answer
            }
        },
    )?;
    Ok(())
}

fn on_metric(host: &Host<'_>, id: i32, act: impl FnOnce(&mut Metric) -> Status) -> i32 {
    let state = host.data();
    let name = (id as u32 as usize)
        .checked_sub(1)
        .and_then(|index| state.metrics.get(index));
    name.and_then(|name| state.services.metrics.with(name, act))
        .unwrap_or(Status::NotFound) as i32
}
