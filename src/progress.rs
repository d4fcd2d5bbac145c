//! Progress on stderr: of a sweep, a bar for each active run and one for the
//! whole; of other work, one line that says what is being computed. Plain
//! lines where stderr is no terminal.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use breakeven_empirical::run_folder::Owner;
use breakeven_empirical::sweep::Progress;
use breakeven_empirical::train::RunEnd;
use breakeven_sim::meter::{Meter, Parts, Reading, share};
use breakeven_sim::record::RunStatus;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::streams::say;

/// How often bars are drawn anew.
const REDRAWN: Duration = Duration::from_millis(200);

/// Work that is over sooner shows no progress.
const QUIET: Duration = Duration::from_secs(2);

/// How often a plain line says how far work is.
const PLAIN: Duration = Duration::from_secs(10);

/// Carries `work` out and, once it has taken two seconds, says on stderr what
/// it counts on the meter: which stage, how far, and how long the rest of that
/// stage will take.
pub fn watched<T>(name: &str, work: impl FnOnce(&Meter) -> T) -> T {
    let meter = Meter::new();
    // Dropped when the work is over, and when it panics.
    let (over, ended) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(|| show(name, &meter, ended));
        let result = work(&meter);
        drop(over);
        result
    })
}

fn show(name: &str, meter: &Meter, ended: Receiver<()>) {
    let goes_on = |time| ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
    if !goes_on(QUIET) {
        return;
    }
    if !std::io::stderr().is_terminal() {
        loop {
            say(format!("{name}: {}", in_words(&meter.read())));
            if !goes_on(PLAIN) {
                return;
            }
        }
    }
    let bar = ProgressBar::new_spinner().with_style(style("{spinner} {wide_msg}"));
    loop {
        bar.set_message(format!("{name}: {}", in_words(&meter.read())));
        bar.tick();
        if !goes_on(REDRAWN) {
            return bar.finish_and_clear();
        }
    }
}

/// `trace of H, 12 of about 31 (0:04 gone, about 0:06 left)`.
fn in_words(reading: &Reading) -> String {
    let (done, gone) = (reading.done, clock(reading.gone));
    let (parts, about) = match reading.parts {
        Parts::Whole => (String::new(), ""),
        Parts::Exactly(all) => (format!(", {done} of {all}"), "about "),
        Parts::About(all) => (format!(", {done} of about {all}"), "about "),
        Parts::AtMost(all) => (format!(", {done} of at most {all}"), "at most "),
    };
    let left = match reading.left() {
        Some(left) => format!(", {about}{} left", clock(left)),
        None => String::new(),
    };
    format!("{}{parts} ({gone} gone{left})", reading.what)
}

/// Shows how far a sweep is.
pub struct SweepProgress {
    bars: MultiProgress,
    whole: ProgressBar,
    terminal: bool,
    begun: Instant,
    state: Mutex<State>,
}

struct State {
    active: HashMap<String, Active>,
    over: usize,
    runs: usize,
    /// Steps of runs that were over before.
    skipped: u64,
    /// When a plain line was last said.
    said: Instant,
}

struct Active {
    bar: ProgressBar,
    done: u64,
    drawn: Instant,
}

impl SweepProgress {
    /// For `runs` runs of `steps` steps in all.
    pub fn new(name: &str, runs: usize, steps: u64) -> Self {
        let bars = MultiProgress::new();
        let whole = bars.add(ProgressBar::new(steps).with_style(style(
            "{prefix} {wide_bar} {percent:>3} %  {elapsed} gone, {eta} left",
        )));
        whole.set_prefix(name.to_owned());
        let terminal = std::io::stderr().is_terminal();
        if !terminal {
            say(format!("{name}: {runs} runs"));
        }
        Self {
            bars,
            whole,
            terminal,
            begun: Instant::now(),
            state: Mutex::new(State {
                active: HashMap::new(),
                over: 0,
                runs,
                skipped: 0,
                said: Instant::now(),
            }),
        }
    }

    /// Takes the bars away.
    pub fn finish(&self) {
        self.whole.finish_and_clear();
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Time gone, and time left at the pace so far: `1:12 gone, 0:35 left`.
    fn times(&self, skipped: u64) -> String {
        let gone = self.begun.elapsed();
        let (all, done) = (self.whole.length().unwrap_or(0), self.whole.position());
        let (taken, left) = (done.saturating_sub(skipped), all.saturating_sub(done));
        if left == 0 || taken == 0 {
            return format!("{} gone", clock(gone));
        }
        match share(gone, left as f64 / taken as f64) {
            Some(left) => format!("{} gone, {} left", clock(gone), clock(left)),
            None => format!("{} gone", clock(gone)),
        }
    }

    fn say(&self, line: &str) {
        if self.terminal {
            // A line above the bars; nothing is lost if the terminal is gone.
            let _ = self.bars.println(line);
        } else {
            say(line);
        }
    }
}

impl Progress for SweepProgress {
    fn started(&self, run: &str, done: u64, total: u64) {
        let bar =
            ProgressBar::new(total).with_style(style("  {prefix} {wide_bar} {pos}/{len} steps"));
        let bar = self.bars.insert_before(&self.whole, bar);
        bar.set_prefix(run.to_owned());
        self.whole.inc(done);
        let active = Active {
            bar,
            done,
            drawn: Instant::now(),
        };
        let mut state = self.state();
        state.skipped += done;
        state.active.insert(run.to_owned(), active);
    }

    fn anew(&self, run: &str, why: &str) {
        self.say(&format!("{run} is carried out anew: {why}"));
    }

    fn elsewhere(&self, run: &str, by: Option<&Owner>) {
        let by = by.map_or(String::new(), |owner| format!(" ({owner})"));
        self.say(&format!(
            "{run} skipped: another process carries it out{by}"
        ));
    }

    fn stepped(&self, run: &str, done: u64) {
        let mut state = self.state();
        let Some(active) = state.active.get_mut(run) else {
            return;
        };
        if active.drawn.elapsed() < REDRAWN {
            return;
        }
        active.bar.set_position(done);
        self.whole.inc(done.saturating_sub(active.done));
        active.done = done;
        active.drawn = Instant::now();
        if !self.terminal && state.said.elapsed() >= PLAIN {
            state.said = Instant::now();
            let (all, done) = (self.whole.length().unwrap_or(0), self.whole.position());
            let times = self.times(state.skipped);
            say(format!("{done} of {all} steps ({times})"));
        }
    }

    fn ended(&self, run: &str, end: RunEnd) {
        let mut state = self.state();
        if let Some(active) = state.active.remove(run) {
            let length = active.bar.length().unwrap_or(active.done);
            if let RunEnd::Over(_) = end {
                self.whole.inc(length.saturating_sub(active.done));
            }
            active.bar.finish_and_clear();
        }
        let status = match end {
            RunEnd::Over(status) => status,
            RunEnd::Stopped | RunEnd::Elsewhere => return,
        };
        state.over += 1;
        state.said = Instant::now();
        let word = match status {
            RunStatus::Completed => "completed",
            RunStatus::Diverged => "diverged",
        };
        let times = self.times(state.skipped);
        self.say(&format!(
            "[{}/{}] {run} {word} ({times})",
            state.over, state.runs
        ));
    }
}

/// `1:02:03` or `2:03`.
fn clock(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    match minutes / 60 {
        0 => format!("{minutes}:{seconds:02}"),
        hours => format!("{hours}:{:02}:{seconds:02}", minutes % 60),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the templates of this file are well formed")
        .progress_chars("━╸─")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_how_far_and_how_long_still() {
        let said = |done, parts| {
            in_words(&Reading {
                what: "trace of H".into(),
                done,
                parts,
                gone: Duration::from_secs(4),
            })
        };
        assert_eq!(said(0, Parts::Whole), "trace of H (0:04 gone)");
        assert_eq!(said(0, Parts::Exactly(9)), "trace of H, 0 of 9 (0:04 gone)");
        assert_eq!(
            said(12, Parts::Exactly(30)),
            "trace of H, 12 of 30 (0:04 gone, about 0:06 left)"
        );
        assert_eq!(
            said(12, Parts::About(30)),
            "trace of H, 12 of about 30 (0:04 gone, about 0:06 left)"
        );
        assert_eq!(
            said(1, Parts::AtMost(31)),
            "trace of H, 1 of at most 31 (0:04 gone, at most 2:00 left)"
        );
    }

    #[test]
    fn work_gives_its_result_and_may_panic() {
        assert_eq!(watched("work", |_| 7), 7);
        let panicked = std::panic::catch_unwind(|| watched("work", |_| panic!("as it may")));
        assert!(panicked.is_err());
    }

    #[test]
    fn times_read_like_a_clock() {
        let said = |seconds| clock(Duration::from_secs(seconds));
        assert_eq!([said(5), said(75), said(3723)], ["0:05", "1:15", "1:02:03"]);
    }
}
