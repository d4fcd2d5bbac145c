//! How far a long computation is: counted by the threads that carry it out,
//! read by whoever shows it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Counts the parts of one stage of work after another. What is counted
/// changes no number.
///
/// ```
/// use breakeven_sim::meter::{Meter, Parts};
///
/// let meter = Meter::new();
/// meter.begin("paths", Parts::Exactly(5));
/// std::thread::scope(|scope| {
///     for _ in 0..2 {
///         scope.spawn(|| meter.advance(1));
///     }
/// });
/// assert_eq!(meter.read().done, 2);
/// ```
#[derive(Debug)]
pub struct Meter {
    stage: Mutex<Stage>,
    done: AtomicU64,
}

#[derive(Clone, Debug)]
struct Stage {
    what: String,
    parts: Parts,
    begun: Instant,
}

/// How many parts a stage has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// It is not cut into parts.
    Whole,
    /// So many.
    Exactly(u64),
    /// By what is known so far, about so many.
    About(u64),
    /// No more than so many.
    AtMost(u64),
}

/// What a meter shows at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The stage's name; empty before the first.
    pub what: String,
    /// Parts done.
    pub done: u64,
    /// Parts that there are.
    pub parts: Parts,
    /// Time since the stage began.
    pub gone: Duration,
}

impl Default for Meter {
    fn default() -> Self {
        Self::new()
    }
}

impl Meter {
    /// A meter of nothing yet.
    pub fn new() -> Self {
        Self {
            stage: Mutex::new(Stage {
                what: String::new(),
                parts: Parts::Whole,
                begun: Instant::now(),
            }),
            done: AtomicU64::new(0),
        }
    }

    /// The next stage begins.
    pub fn begin(&self, what: impl Into<String>, parts: Parts) {
        let mut stage = self.stage();
        *stage = Stage {
            what: what.into(),
            parts,
            begun: Instant::now(),
        };
        self.done.store(0, Ordering::Relaxed);
    }

    /// So many more parts are done.
    pub fn advance(&self, parts: u64) {
        self.done.fetch_add(parts, Ordering::Relaxed);
    }

    /// The stage turns out to have other parts than was thought.
    pub fn expect(&self, parts: Parts) {
        self.stage().parts = parts;
    }

    /// What it shows.
    pub fn read(&self) -> Reading {
        let Stage { what, parts, begun } = self.stage().clone();
        Reading {
            what,
            done: self.done.load(Ordering::Relaxed),
            parts,
            gone: begun.elapsed(),
        }
    }

    fn stage(&self) -> std::sync::MutexGuard<'_, Stage> {
        self.stage
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Reading {
    /// Time that the rest of the stage takes at the pace so far; the most that
    /// it can take where the number of parts is a bound. Absent where nothing
    /// tells.
    pub fn left(&self) -> Option<Duration> {
        let (Parts::Exactly(all) | Parts::About(all) | Parts::AtMost(all)) = self.parts else {
            return None;
        };
        let rest = all.saturating_sub(self.done);
        (self.done > 0)
            .then(|| share(self.gone, rest as f64 / self.done as f64))
            .flatten()
    }
}

/// `time` so many times; absent where no duration is that long.
pub fn share(time: Duration, times: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(time.as_secs_f64() * times).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(done: u64, parts: Parts) -> Reading {
        Reading {
            what: "work".into(),
            done,
            parts,
            gone: Duration::from_secs(6),
        }
    }

    #[test]
    fn the_rest_takes_as_long_a_part_as_what_is_done() {
        for parts in [Parts::Exactly(12), Parts::About(12), Parts::AtMost(12)] {
            assert_eq!(reading(4, parts).left(), Some(Duration::from_secs(12)));
            assert_eq!(reading(0, parts).left(), None);
            assert_eq!(reading(15, parts).left(), Some(Duration::ZERO));
        }
        assert_eq!(reading(4, Parts::Whole).left(), None);
        // Longer than any clock counts.
        assert_eq!(reading(1, Parts::Exactly(u64::MAX)).left(), None);
    }

    #[test]
    fn a_stage_counts_from_its_own_beginning() {
        let meter = Meter::new();
        assert_eq!(meter.read().what, "");
        meter.begin("first", Parts::Exactly(5));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| meter.advance(1)));
            }
        });
        assert_eq!(meter.read().done, 4000);
        meter.begin("second", Parts::Whole);
        meter.expect(Parts::About(7));
        let Reading {
            what, done, parts, ..
        } = meter.read();
        assert_eq!((what.as_str(), done, parts), ("second", 0, Parts::About(7)));
    }
}
