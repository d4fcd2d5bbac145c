//! What `status` answers, in words and as JSON.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use breakeven_empirical::run_folder::Owner;
use breakeven_empirical::run_state::{Progress, Remedy, RunState};
use breakeven_sim::record::RunStatus;
use serde::Serialize;

use crate::failure::Failure;
use crate::sweep::Standing;

/// So many missing runs are named; JSON names all.
const NAMED: usize = 10;

/// How far all runs are.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// Whether all are over.
    over: bool,
    totals: Totals,
    sweeps: Vec<OfSweep>,
}

#[derive(Debug, Serialize)]
struct OfSweep {
    folder: PathBuf,
    totals: Totals,
    /// What carries out the rest, one after the other.
    commands: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    runs: Vec<OfRun>,
}

/// How many runs there are, and in each state.
#[derive(Clone, Debug, Default, Serialize)]
struct Totals {
    runs: usize,
    completed: usize,
    diverged: usize,
    running: usize,
    stale: usize,
    damaged: usize,
    missing: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Completed,
    Diverged,
    Running,
    Stale,
    Damaged,
    Missing,
}

#[derive(Debug, Serialize)]
struct OfRun {
    run: String,
    state: State,
    /// Steps that would not be taken again.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    planned_steps: Option<u64>,
    /// When a file of it was last written, in seconds of Unix time.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_written: Option<u64>,
    /// The process that carries it out, where its lock says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Owner>,
    /// Why it diverged, or what is damaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Whether its folder has to be removed before it is carried out anew.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    remove_first: bool,
}

impl Answer {
    /// Of these sweep folders.
    pub fn of(folders: Vec<PathBuf>) -> Result<Self, Failure> {
        let sweeps: Result<Vec<_>, _> = folders.into_iter().map(OfSweep::of).collect();
        let sweeps = sweeps?;
        let totals = Totals::of(sweeps.iter().flat_map(|sweep| &sweep.runs));
        Ok(Self {
            over: totals.over() == totals.runs,
            totals,
            sweeps,
        })
    }

    /// Whether all runs are over.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// For machines.
    pub fn json(&self) -> &impl Serialize {
        self
    }

    /// For people.
    pub fn words(&self) -> String {
        let now = SystemTime::now();
        let of_each: Vec<String> = self.sweeps.iter().map(|sweep| sweep.words(now)).collect();
        let mut text = of_each.join("\n");
        if self.sweeps.len() > 1 {
            text += &format!("\nall: {}\n", self.totals.words());
        }
        text
    }
}

impl Totals {
    fn of<'a>(runs: impl Iterator<Item = &'a OfRun>) -> Self {
        let mut totals = Self::default();
        for run in runs {
            totals.runs += 1;
            *match run.state {
                State::Completed => &mut totals.completed,
                State::Diverged => &mut totals.diverged,
                State::Running => &mut totals.running,
                State::Stale => &mut totals.stale,
                State::Damaged => &mut totals.damaged,
                State::Missing => &mut totals.missing,
            } += 1;
        }
        totals
    }

    fn over(&self) -> usize {
        self.completed + self.diverged
    }

    fn words(&self) -> String {
        let mut words = format!("{} of {} runs are over", self.over(), self.runs);
        let others = [
            (self.diverged, "of them diverged"),
            (self.running, "running"),
            (self.stale, "stale"),
            (self.damaged, "damaged"),
            (self.missing, "missing"),
        ];
        for (count, what) in others.iter().filter(|(count, _)| *count > 0) {
            words += &format!(", {count} {what}");
        }
        words
    }
}

impl OfSweep {
    fn of(folder: PathBuf) -> Result<Self, Failure> {
        let standing = Standing::of(&folder)?;
        let runs: Vec<OfRun> = standing
            .runs
            .into_iter()
            .map(|(spec, state)| OfRun::of(spec.name(), state))
            .collect();
        let totals = Totals::of(runs.iter());
        let looks = standing.config.looks().filter(|_| totals.missing > 0);
        let note = looks.map(|looks| {
            let looks: Vec<String> = looks.iter().map(usize::to_string).collect();
            format!(
                "it is judged at {} seeds, and the later ones are needed only where the earlier \
                 ones leave something undecided",
                looks.join(", ")
            )
        });
        Ok(Self {
            folder,
            totals,
            commands: standing.commands,
            note,
            runs,
        })
    }

    fn words(&self, now: SystemTime) -> String {
        let mut text = format!("{}: {}\n", self.folder.display(), self.totals.words());
        for state in [State::Running, State::Stale, State::Damaged] {
            for run in self.runs.iter().filter(|run| run.state == state) {
                text += &format!("  {}\n", run.words(now));
            }
        }
        let missing = self.runs.iter().filter(|run| run.state == State::Missing);
        let missing: Vec<&str> = missing.map(|run| run.run.as_str()).collect();
        for name in missing.iter().take(NAMED) {
            text += &format!("  missing  {name}\n");
        }
        if missing.len() > NAMED {
            let more = missing.len() - NAMED;
            text += &format!("  missing  {more} more, which --json names\n");
        }
        if let Some(note) = &self.note {
            text += &format!("note: {note}\n");
        }
        if !self.commands.is_empty() {
            text += &format!("what is left:\n  {}\n", self.commands.join("\n  "));
        }
        text
    }
}

impl OfRun {
    fn of(run: String, state: RunState) -> Self {
        let plain = |state| Self {
            run: run.clone(),
            state,
            steps: None,
            planned_steps: None,
            last_written: None,
            owner: None,
            reason: None,
            remove_first: false,
        };
        let in_progress = |state, progress: Progress| Self {
            steps: Some(progress.steps),
            planned_steps: progress.planned,
            last_written: progress.written.map(seconds),
            ..plain(state)
        };
        match state {
            RunState::Over(over) => Self {
                steps: Some(over.steps),
                reason: over.reason,
                ..plain(match over.status {
                    RunStatus::Completed => State::Completed,
                    RunStatus::Diverged => State::Diverged,
                })
            },
            RunState::Running(progress, owner) => Self {
                owner,
                ..in_progress(State::Running, progress)
            },
            RunState::Stale(progress) => in_progress(State::Stale, progress),
            RunState::Damaged { problem, remedy } => Self {
                reason: Some(problem),
                remove_first: remedy == Remedy::Remove,
                ..plain(State::Damaged)
            },
            RunState::Missing => plain(State::Missing),
        }
    }

    /// `stale    lr0.1-bs20-seed0: 40 of 120 steps saved, last wrote 2 min ago`.
    fn words(&self, now: SystemTime) -> String {
        let name = &self.run;
        let state = match self.state {
            State::Running => "running",
            State::Stale => "stale  ",
            _ => {
                let reason = self.reason.as_deref().unwrap_or_default();
                return format!("damaged  {name}: {reason}");
            }
        };
        let of = self.planned_steps.map(|planned| format!(" of {planned}"));
        let (steps, of) = (self.steps.unwrap_or(0), of.unwrap_or_default());
        let wrote = self.last_written.map(|seconds| {
            let then = UNIX_EPOCH + Duration::from_secs(seconds);
            // A clock that went backwards makes it the future.
            let ago = now.duration_since(then).unwrap_or_default();
            format!(", last wrote {} ago", in_words(ago.as_secs()))
        });
        let by = self.owner.as_ref().map(|owner| format!(", by {owner}"));
        format!(
            "{state}  {name}: {steps}{of} steps saved{}{}",
            wrote.unwrap_or_default(),
            by.unwrap_or_default()
        )
    }
}

/// Of Unix time.
fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn in_words(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}
