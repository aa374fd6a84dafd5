//! The exports: numbers in, numbers out, one [`Guest`] behind them.
#![expect(
    unsafe_code,
    reason = "exports have to keep their names, and constructors are called by name; no memory is touched here"
)]

use std::cell::RefCell;

use crate::Guest;

const FAILED: i32 = -1;

thread_local! {
    static GUEST: RefCell<Option<Guest>> = const { RefCell::new(None) };
}

/// Runs a call on the guest, which the first call makes; the default answer where there is none.
fn with<T>(otherwise: T, call: impl FnOnce(&mut Guest) -> T) -> T {
    GUEST.with(|guest| match guest.try_borrow_mut() {
        Ok(mut guest) => {
            if guest.is_none() {
                *guest = Guest::new().ok();
            }
            guest.as_mut().map_or(otherwise, call)
        }
        Err(_) => otherwise,
    })
}

/// An answer as the table in `lib.rs` has it.
fn answer<T: TryInto<i32>, E>(result: Result<T, E>) -> i32 {
    result.map_or(FAILED, |count| count.try_into().unwrap_or(i32::MAX))
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

unsafe extern "C" {
    fn __wasm_call_ctors();
}

/// Without this, the linker makes every export run the constructors and destructors of a whole program.
#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    // SAFETY: the host calls this once, before anything else.
    unsafe { __wasm_call_ctors() };
}

#[unsafe(no_mangle)]
extern "C" fn input(capacity: u32) -> *mut u8 {
    with(std::ptr::null_mut(), |guest| {
        guest.input(capacity as usize).as_mut_ptr()
    })
}

#[unsafe(no_mangle)]
extern "C" fn stream_open(framing: u32) {
    with((), |guest| guest.open(framing));
}

#[unsafe(no_mangle)]
extern "C" fn stream_open_as(length: u32) -> i32 {
    with(FAILED, |guest| {
        answer(guest.open_as(length as usize).map(|()| 0))
    })
}

#[unsafe(no_mangle)]
extern "C" fn stream_write(length: u32) -> i32 {
    with(FAILED, |guest| answer(guest.write(length as usize)))
}

#[unsafe(no_mangle)]
extern "C" fn stream_end() -> i32 {
    with(FAILED, |guest| answer(guest.end()))
}

#[unsafe(no_mangle)]
extern "C" fn output() -> *const u8 {
    with(std::ptr::null(), |guest| guest.output().as_ptr())
}

#[unsafe(no_mangle)]
extern "C" fn output_length() -> u32 {
    with(0, |guest| number(guest.output().len()))
}

#[unsafe(no_mangle)]
extern "C" fn clear_output() {
    with((), Guest::clear_output);
}

#[unsafe(no_mangle)]
extern "C" fn findings() -> u32 {
    with(0, |guest| guest.findings())
}

#[unsafe(no_mangle)]
extern "C" fn held() -> u32 {
    with(0, |guest| number(guest.held()))
}

#[unsafe(no_mangle)]
extern "C" fn sum(length: u32) -> u32 {
    with(0, |guest| guest.sum(length as usize))
}

#[unsafe(no_mangle)]
extern "C" fn header(length: u32) -> i32 {
    with(FAILED, |guest| answer(guest.header(length as usize)))
}

#[unsafe(no_mangle)]
extern "C" fn headers(length: u32) -> i32 {
    with(FAILED, |guest| answer(guest.headers(length as usize)))
}
