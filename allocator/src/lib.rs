//! The program's allocator: mimalloc, told to keep what is freed.
//!
//! Left alone, it gives large pieces back to the system within tenths of a
//! second and takes them anew, and the system clears each: half of the time of
//! a training step whose activations do not fit a processor's cache
//! (docs/performance.md). The one crate with `unsafe` code.

use libmimalloc_sys::{mi_option_set_default, mi_option_t};

pub use mimalloc::MiMalloc as Allocator;

/// `mi_option_purge_delay` of mimalloc 2, which the bindings have no name for:
/// milliseconds until freed memory is given back; −1 is never.
const PURGE_DELAY: mi_option_t = 15;

/// Keeps memory that is freed, for what is allocated next, unless the variable
/// `MIMALLOC_PURGE_DELAY` says otherwise. Call it first of all: before other
/// threads start.
///
/// ```
/// use breakeven_allocator::{Allocator, keep_freed_memory};
///
/// #[global_allocator]
/// static ALLOCATOR: Allocator = Allocator;
///
/// fn main() {
///     keep_freed_memory();
///     // The program goes on from here.
/// #     let asked = std::env::var_os("MIMALLOC_PURGE_DELAY").is_some();
/// #     assert!(asked || unsafe { libmimalloc_sys::mi_option_get(15) } == -1);
/// }
/// ```
pub fn keep_freed_memory() {
    // SAFETY: it sets a number that the allocator reads; no pointer is passed,
    // and a number out of its table is ignored. It is not to be called by two
    // threads at once, which callers see to.
    unsafe { mi_option_set_default(PURGE_DELAY, -1) }
}
