//! Lanes: parts of a batch that are computed side by side and meet where an
//! operation needs all examples, as in batch normalisation across devices.
//!
//! Each lane has a tape and a thread of its own. All carry out the same
//! operations in the same order, so that they meet at the same ones; there each
//! gives its part and has those of all, in the order of the lanes. Numbers
//! depend on how a batch is cut, and not on how many lanes run at once.

use std::any::Any;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use super::Matrix;
use crate::locks::{lock, wait_while};

/// How many lanes may compute at once. A lane that waits for others has no
/// turn.
#[derive(Clone, Debug)]
pub struct Turns(Arc<(Mutex<usize>, Condvar)>);

impl Turns {
    /// So many at once.
    pub fn new(threads: NonZero<usize>) -> Self {
        Self(Arc::new((Mutex::new(threads.get()), Condvar::new())))
    }

    /// As many as the current pool has threads.
    pub fn of_pool() -> Self {
        Self::new(NonZero::new(rayon::current_num_threads()).unwrap_or(NonZero::<usize>::MIN))
    }

    /// What `work` gives, once there is a turn for it.
    fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.take();
        let _turn = Turn(self);
        work()
    }

    fn take(&self) {
        let (free, freed) = &*self.0;
        let mut free = wait_while(lock(free), freed, |free| *free == 0);
        *free -= 1;
    }

    fn give(&self) {
        let (free, freed) = &*self.0;
        *lock(free) += 1;
        freed.notify_one();
    }
}

/// A turn, given back also where work panics.
struct Turn<'a>(&'a Turns);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.give();
    }
}

/// One of the lanes of a batch.
#[derive(Clone, Debug)]
pub struct Lane {
    number: usize,
    /// Examples of each.
    sizes: Arc<[usize]>,
    /// Where it meets the others, if there are any.
    meeting: Option<Arc<Meeting>>,
}

impl Lane {
    /// All `examples` of a batch in one.
    pub fn alone(examples: usize) -> Self {
        Self {
            number: 0,
            sizes: [examples].into(),
            meeting: None,
        }
    }

    /// Which it is.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Its first example among those of the batch, and how many it has.
    pub fn range(&self) -> (usize, usize) {
        let first = self.sizes[..self.number].iter().sum();
        (first, self.sizes[self.number])
    }

    /// The examples of all lanes.
    fn examples(&self) -> usize {
        self.sizes.iter().sum()
    }

    /// Rows of all lanes, where this one has `own`.
    pub fn all_rows(&self, own: usize) -> usize {
        own / self.sizes[self.number] * self.examples()
    }

    /// Means over all rows of the batch, from those over its own rows.
    pub(super) fn means<const N: usize>(&self, own: [Matrix; N]) -> [Matrix; N] {
        let Some(meeting) = &self.meeting else {
            return own;
        };
        let means = meeting.meet(self.number, own.into(), |all| self.weighted(all));
        std::array::from_fn(|k| means[k].clone())
    }

    /// The sum of what lanes have, in their order, each by its share.
    fn weighted(&self, all: Vec<Vec<Matrix>>) -> Vec<Matrix> {
        let examples = self.examples();
        let weighted = all.into_iter().zip(&*self.sizes).map(|(part, &own)| {
            let share = own as f64 / examples as f64;
            part.into_iter()
                .map(|x| x.mul_scalar(share))
                .collect::<Vec<Matrix>>()
        });
        let sum =
            |a: Vec<Matrix>, b: Vec<Matrix>| a.into_iter().zip(b).map(|(a, b)| a + b).collect();
        weighted.reduce(sum).expect("a batch has a lane")
    }
}

/// The lanes of a batch.
#[derive(Debug)]
pub struct Lanes {
    sizes: Arc<[usize]>,
    turns: Turns,
    meeting: Arc<Meeting>,
    /// Held while they run: no two sweeps may meet each other.
    running: Mutex<()>,
}

impl Lanes {
    /// `examples` cut into `count` lanes, at most one an example, whose sizes
    /// differ by one at most.
    pub fn new(examples: usize, count: usize, turns: &Turns) -> Self {
        let count = count.clamp(1, examples.max(1));
        let end = |lane: usize| examples * lane / count;
        Self {
            sizes: (0..count).map(|lane| end(lane + 1) - end(lane)).collect(),
            turns: turns.clone(),
            meeting: Arc::new(Meeting::of(count, turns)),
            running: Mutex::new(()),
        }
    }

    /// What `work` gives for each lane, in their order; each is on a thread of
    /// its own, if there are several.
    ///
    /// # Panics
    /// As the first lane that does: the others then end where they would meet
    /// it.
    pub fn run<T: Send>(&self, work: impl Fn(&Lane) -> T + Sync) -> Vec<T> {
        if let [examples] = *self.sizes {
            return vec![self.turns.during(|| work(&Lane::alone(examples)))];
        }
        let _running = lock(&self.running);
        self.meeting.begin();
        let ends: Vec<Result<T, Panic>> = std::thread::scope(|scope| {
            let work = &work;
            // Should a thread not start, those that have do not wait for it.
            let _end = End(&self.meeting);
            let start = |number| scope.spawn(move || self.carry_out(number, work));
            let threads: Vec<_> = (0..self.sizes.len()).map(start).collect();
            threads.into_iter().map(|thread| thread.join()).collect()
        });
        all_or_the_first_panic(ends)
    }

    /// [`Self::run`] with what each lane has of `each`.
    pub fn run_with<A: Sync, T: Send>(&self, each: &[A], work: impl Fn(&A) -> T + Sync) -> Vec<T> {
        self.run(|lane| work(&each[lane.number]))
    }

    fn carry_out<T>(&self, number: usize, work: impl Fn(&Lane) -> T) -> T {
        let lane = Lane {
            number,
            sizes: self.sizes.clone(),
            meeting: Some(self.meeting.clone()),
        };
        let _end = End(&self.meeting);
        self.turns.during(|| work(&lane))
    }
}

type Panic = Box<dyn Any + Send>;

fn all_or_the_first_panic<T>(ends: Vec<Result<T, Panic>>) -> Vec<T> {
    let (mut all, mut panics) = (Vec::new(), Vec::new());
    for end in ends {
        match end {
            Ok(result) => all.push(result),
            Err(panic) => panics.push(panic),
        }
    }
    // One that was left alone says nothing of the reason.
    let first = panics.iter().position(|panic| !panic.is::<LeftAlone>());
    match first {
        Some(first) => resume_unwind(panics.swap_remove(first)),
        None if panics.is_empty() => all,
        None => panic!("lanes carry out the same operations"),
    }
}

/// How a lane ends that waits for one that has ended.
struct LeftAlone;

/// Where lanes exchange what they have.
#[derive(Debug)]
struct Meeting {
    turns: Turns,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// What each lane has given to this round.
    given: Vec<Option<Vec<Matrix>>>,
    /// What came of the last round.
    result: Vec<Matrix>,
    rounds: u64,
    /// Whether a lane has ended, or none has begun: there are no more rounds.
    ended: bool,
}

impl Meeting {
    fn of(lanes: usize, turns: &Turns) -> Self {
        Self {
            turns: turns.clone(),
            state: Mutex::new(State {
                given: vec![None; lanes],
                result: Vec::new(),
                rounds: 0,
                ended: true,
            }),
            changed: Condvar::new(),
        }
    }

    fn begin(&self) {
        let mut state = lock(&self.state);
        state.given.fill(None);
        state.ended = false;
    }

    /// What `combine` makes of what all lanes give to this round; the last to
    /// come calls it.
    fn meet(
        &self,
        lane: usize,
        part: Vec<Matrix>,
        combine: impl FnOnce(Vec<Vec<Matrix>>) -> Vec<Matrix>,
    ) -> Vec<Matrix> {
        let mut state = lock(&self.state);
        state.given[lane] = Some(part);
        if state.given.iter().any(Option::is_none) {
            return self.wait(state);
        }
        let all = state.given.iter_mut().filter_map(Option::take).collect();
        drop(state);
        let result = combine(all);
        let mut state = lock(&self.state);
        state.result = result.clone();
        state.rounds += 1;
        self.changed.notify_all();
        result
    }

    /// The result of this round, once it is there; others have the turn until
    /// then.
    fn wait(&self, state: MutexGuard<State>) -> Vec<Matrix> {
        self.turns.give();
        let round = state.rounds;
        let waits = |state: &mut State| state.rounds == round && !state.ended;
        let state = wait_while(state, &self.changed, waits);
        let result = (state.rounds != round).then(|| state.result.clone());
        drop(state);
        self.turns.take();
        result.unwrap_or_else(|| resume_unwind(Box::new(LeftAlone)))
    }
}

/// The end of a lane, panic or not.
struct End<'a>(&'a Meeting);

impl Drop for End<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).ended = true;
        self.0.changed.notify_all();
    }
}
