//! Long work, without Python's lock and with an ear for Ctrl-C.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// How often signals are looked for.
const PAUSE: Duration = Duration::from_millis(50);

/// Does what takes no time; a panic becomes a `RuntimeError`. Nothing that `prepare` holds
/// is seen by anybody after a panic.
pub fn guarded<T>(prepare: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(prepare)).unwrap_or_else(|panic| Err(failure(&*panic)))
}

/// Carries out `work` on a thread of its own while other threads of Python go on. Where
/// a signal's handler raises, as Ctrl-C's does, the flag that `work` is given is raised
/// and, once it ends, so is the exception. A panic becomes a `RuntimeError`.
pub fn carry_out<T: Send>(py: Python, work: impl FnOnce(&AtomicBool) -> T + Send) -> PyResult<T> {
    let stop = &AtomicBool::new(false);
    py.detach(|| {
        thread::scope(|scope| {
            let (running, ended) = channel::<()>();
            let worker = scope.spawn(move || {
                let result = work(stop);
                drop(running);
                result
            });
            let mut interrupted = Ok(());
            // The channel is closed when the thread ends, however it does.
            while ended.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                if interrupted.is_ok() {
                    interrupted = Python::attach(|py| py.check_signals());
                    stop.store(interrupted.is_err(), Ordering::Relaxed);
                }
            }
            let result = worker.join();
            interrupted?;
            result.map_err(|panic| failure(&*panic))
        })
    })
}

fn failure(panic: &(dyn Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    PyRuntimeError::new_err(format!(
        "this is a mistake in breakeven, please report it: {}",
        text.unwrap_or("no message")
    ))
}
