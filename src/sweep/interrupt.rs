//! Signals that ask a sweep to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::stopped;
use crate::failure::{Failure, OrFail};
use crate::streams::{report, say};

/// How long a product or a step may go on after a signal.
const GRACE: Duration = Duration::from_secs(4);

/// A flag that Ctrl-C and SIGTERM raise. A second Ctrl-C ends the program at
/// once, and so does the end of a time in which nothing looked at the flag:
/// what runs had not saved is then repeated, as after a kill. A second SIGTERM
/// does nothing: schedulers send it to a job's every process, some twice.
pub fn stop_on_interrupt() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    let raised = stop.clone();
    ctrlc::set_handler(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        wind_up("stopping: runs save where they are (Ctrl-C again to end at once)");
    })
    .or_work()?;
    #[cfg(unix)]
    stop_on_termination(stop.clone())?;
    Ok(stop)
}

/// SIGHUP is left alone, which `nohup` ignores for what it starts.
#[cfg(unix)]
fn stop_on_termination(raised: Arc<AtomicBool>) -> Result<(), Failure> {
    use signal_hook::consts::SIGTERM;
    use signal_hook::iterator::Signals;

    let mut signals = Signals::new([SIGTERM]).or_work()?;
    std::thread::spawn(move || {
        for _ in signals.forever() {
            if !raised.swap(true, Ordering::Relaxed) {
                wind_up("stopping: runs save where they are (told by SIGTERM)");
            }
        }
    });
    Ok(())
}

/// Says so, and ends the program where runs do not within the time they have.
fn wind_up(words: &str) {
    say(words);
    std::thread::spawn(|| {
        std::thread::sleep(GRACE);
        report(&stopped());
        std::process::exit(1);
    });
}
