//! Locks whose holders can't leave what they guard half done.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Takes a lock. A thread that panicked while it held it ends the whole, or has
/// left nothing half done: neither is for the next holder to see to.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits while `condition` holds, without the lock, which it has again then.
pub(crate) fn wait_while<'a, T>(
    guard: MutexGuard<'a, T>,
    changed: &Condvar,
    condition: impl FnMut(&mut T) -> bool,
) -> MutexGuard<'a, T> {
    let waited = changed.wait_while(guard, condition);
    waited.unwrap_or_else(PoisonError::into_inner)
}
