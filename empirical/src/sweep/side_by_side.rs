//! Runs of a sweep on threads of this process.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::progress::OfRun;
use super::{Progress, SweepError};
use crate::locks::lock;
use crate::train::{Ended, RunEnd, RunError, RunSpec, Shared, finished, run, total_steps};

/// Runs that are carried out, some at a time.
pub(super) struct SideBySide<'a> {
    shared: &'a Shared<'a>,
    /// The folder of their folders.
    folder: &'a Path,
    stop: &'a AtomicBool,
    progress: &'a dyn Progress,
    waiting: Mutex<VecDeque<RunSpec>>,
    failed: Mutex<Option<SweepError>>,
    elsewhere: Mutex<Vec<RunSpec>>,
}

impl<'a> SideBySide<'a> {
    pub(super) fn new(
        shared: &'a Shared<'a>,
        specs: Vec<RunSpec>,
        folder: &'a Path,
        stop: &'a AtomicBool,
        progress: &'a dyn Progress,
    ) -> Self {
        Self {
            shared,
            folder,
            stop,
            progress,
            waiting: Mutex::new(specs.into()),
            failed: Mutex::default(),
            elsewhere: Mutex::default(),
        }
    }

    /// Carries the runs out, `jobs` at a time on so many cores each, until all
    /// are over or it is to stop. Gives those that another process carries out.
    ///
    /// # Errors
    /// The first run that could not go on; the others stop.
    pub(super) fn carry_out(
        &self,
        jobs: usize,
        threads: usize,
    ) -> Result<Vec<RunSpec>, SweepError> {
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(|| self.work(threads).unwrap_or_else(|error| self.fail(error)));
            }
        });
        match lock(&self.failed).take() {
            Some(error) => Err(error),
            None => Ok(std::mem::take(&mut *lock(&self.elsewhere))),
        }
    }

    /// One run after the other. While the last files of one reach the disk, which
    /// takes no core, the next is carried out.
    fn work(&self, threads: usize) -> Result<(), SweepError> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build()?;
        // Whoever sends waits until the run before is closed.
        let (sender, ended) = sync_channel(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for (spec, ended) in ended {
                    self.close(spec, ended)
                        .unwrap_or_else(|error| self.fail(error));
                }
            });
            // Moved here, so that the other thread ends with it.
            let sender = sender;
            while let Some(spec) = self.next() {
                let ended = self.one(spec, &pool)?;
                // Not taken where the other thread panicked, as this scope will.
                let taken = sender.send((spec, ended));
                if taken.is_err() || self.stop.load(Ordering::Relaxed) {
                    break;
                }
            }
            Ok(())
        })
    }

    fn next(&self) -> Option<RunSpec> {
        lock(&self.waiting).pop_front()
    }

    /// The first error counts; the others stop, and can be resumed.
    fn fail(&self, error: SweepError) {
        self.stop.store(true, Ordering::Relaxed);
        lock(&self.failed).get_or_insert(error);
    }

    fn one(&self, spec: RunSpec, pool: &ThreadPool) -> Result<Ended, SweepError> {
        let name = spec.name();
        let folder = self.folder.join(&name);
        let total = total_steps(self.shared, spec);
        match finished(&folder) {
            Ok(Some(over)) => {
                self.progress.started(&name, total, total);
                return Ok(RunEnd::Over(over.status).into());
            }
            Ok(None) => {}
            // Whoever holds the folder decides.
            Err(error) if error.is_change() => {}
            Err(error) => return Err(error.into()),
        }
        self.progress.started(&name, 0, total);
        let watch = OfRun {
            name: &name,
            progress: self.progress,
        };
        pool.install(|| run(self.shared, spec, &folder, self.stop, &watch))
            .map_err(|source| of_run(spec, source))
    }

    fn close(&self, spec: RunSpec, ended: Ended) -> Result<(), SweepError> {
        let end = ended
            .close()
            .map_err(|source| of_run(spec, source.into()))?;
        if end == RunEnd::Elsewhere {
            lock(&self.elsewhere).push(spec);
        }
        self.progress.ended(&spec.name(), end);
        Ok(())
    }
}

fn of_run(spec: RunSpec, source: RunError) -> SweepError {
    SweepError::Run {
        run: spec.name(),
        source,
    }
}
