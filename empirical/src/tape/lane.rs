//! Lanes: parts of a batch that are computed side by side and meet where an
//! operation needs all examples, as in batch normalisation across devices.
//!
//! Each lane has a tape and a thread of its own. All carry out the same
//! operations in the same order, so that they meet at the same ones; there each
//! gives its part and has those of all, in the order of the lanes. Numbers
//! depend on how a batch is cut, and not on how many lanes run at once.

use std::any::Any;
use std::collections::VecDeque;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, Thread, ThreadId};

use super::Matrix;
use crate::locks::lock;

/// How many lanes may compute at once: as many as there are seats. A lane that
/// waits for others has left its own.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Seats>);

#[derive(Debug)]
struct Seats {
    all: Box<[Seat]>,
    /// The next to be given to a lane.
    next: AtomicUsize,
}

impl Turns {
    /// So many at once.
    pub fn new(threads: NonZero<usize>) -> Self {
        Self(Arc::new(Seats {
            all: (0..threads.get()).map(|_| Seat::default()).collect(),
            next: AtomicUsize::new(0),
        }))
    }

    /// As many as the current pool has threads.
    pub fn of_pool() -> Self {
        Self::new(NonZero::new(rayon::current_num_threads()).unwrap_or(NonZero::<usize>::MIN))
    }

    /// Seats for so many lanes, evenly.
    fn seats(&self, lanes: usize) -> Vec<Seat> {
        let Seats { all, next } = &*self.0;
        let first = next.fetch_add(lanes, Ordering::Relaxed);
        let seat = |lane| all[first.wrapping_add(lane) % all.len()].clone();
        (0..lanes).map(seat).collect()
    }
}

/// Where one lane at a time computes. A lane comes back to its own seat always:
/// the system runs a thread where it last ran, and one that was taken to another
/// lane's processor would wait for it while a processor is free.
#[derive(Clone, Debug, Default)]
struct Seat(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    seated: Option<ThreadId>,
    waiting: VecDeque<Thread>,
}

impl Seat {
    /// What the current thread's `work` gives, once the seat is its own.
    fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.queue(thread::current());
        self.wait();
        let _left = Left(self);
        work()
    }

    /// Lets `thread` have it after those that came before.
    fn queue(&self, thread: Thread) {
        let mut queue = lock(&self.0);
        if queue.seated.is_some() {
            return queue.waiting.push_back(thread);
        }
        queue.seated = Some(thread.id());
        drop(queue);
        thread.unpark();
    }

    /// Waits until the current thread, which is in the queue, has it.
    fn wait(&self) {
        let own = Some(thread::current().id());
        while lock(&self.0).seated != own {
            thread::park();
        }
    }

    fn leave(&self) {
        let mut queue = lock(&self.0);
        let next = queue.waiting.pop_front();
        queue.seated = next.as_ref().map(Thread::id);
        drop(queue);
        next.inspect(Thread::unpark);
    }
}

/// A seat, left also where work panics.
struct Left<'a>(&'a Seat);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.0.leave();
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
            meeting: Arc::new(Meeting::of(turns.seats(count))),
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
            return vec![work(&Lane::alone(examples))];
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
        self.meeting.seats[number].during(|| work(&lane))
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
    /// Of each lane.
    seats: Vec<Seat>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// What each lane has given to this round.
    given: Vec<Option<Vec<Matrix>>>,
    /// Lanes that wait for the end of this round.
    waiting: Vec<(usize, Thread)>,
    /// What came of the last round.
    result: Vec<Matrix>,
    rounds: u64,
    /// Whether a lane has ended, or none has begun: there are no more rounds.
    ended: bool,
}

impl Meeting {
    fn of(seats: Vec<Seat>) -> Self {
        let state = State {
            given: vec![None; seats.len()],
            waiting: Vec::new(),
            result: Vec::new(),
            rounds: 0,
            ended: true,
        };
        Self {
            seats,
            state: Mutex::new(state),
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
            return self.wait(lane, state);
        }
        let all = state.given.iter_mut().filter_map(Option::take).collect();
        drop(state);
        let result = combine(all);
        let mut state = lock(&self.state);
        state.result = result.clone();
        state.rounds += 1;
        self.call(state);
        result
    }

    /// The result of this round, once it is there; others have the seat until
    /// then.
    fn wait<'a>(&'a self, lane: usize, mut state: MutexGuard<'a, State>) -> Vec<Matrix> {
        let round = state.rounds;
        if !state.ended {
            state.waiting.push((lane, thread::current()));
            drop(state);
            let seat = &self.seats[lane];
            seat.leave();
            seat.wait();
            state = lock(&self.state);
        }
        let result = (state.rounds != round).then(|| state.result.clone());
        drop(state);
        result.unwrap_or_else(|| resume_unwind(Box::new(LeftAlone)))
    }

    /// Lets all who wait go on.
    fn call(&self, mut state: MutexGuard<State>) {
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        for (lane, thread) in waiting {
            self.seats[lane].queue(thread);
        }
    }
}

/// The end of a lane, panic or not.
struct End<'a>(&'a Meeting);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.ended = true;
        self.0.call(state);
    }
}
