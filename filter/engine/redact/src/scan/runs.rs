//! Where runs of one class of bytes end, remembered.
//!
//! A sender can start a candidate every few bytes of one long run (`eyJeyJeyJ...`), and each would walk it to its end. With the last run of each class
//! at hand, each byte is walked about once.

use crate::rules::ByteSet;

use super::window::Window;

/// The last run of each class; classes that share a slot forget each other's.
#[derive(Default)]
pub(super) struct Runs([Run; SLOTS]);

#[derive(Clone, Copy, Default)]
struct Run {
    class: ByteSet,
    from: u64,
    to: u64,
}

const SLOTS: usize = 8;

impl Runs {
    /// The end of the run of `class` that starts at `from`, or `to` if that comes first; and how many bytes had to be looked at for it.
    pub(super) fn end(
        &mut self,
        class: &ByteSet,
        from: u64,
        to: u64,
        window: &Window,
    ) -> (u64, u64) {
        let Some(run) = self.0.get_mut(class.slot() % SLOTS) else {
            return (from, 0);
        };
        if run.class != *class || from < run.from || from > run.to {
            *run = Run {
                class: *class,
                from,
                to: from,
            };
        }
        let known = run.to;
        if known < to {
            run.to += class.run(window.slice(known, to)) as u64;
        }
        (run.to.min(to), run.to - known)
    }
}
