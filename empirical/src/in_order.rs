//! Work in parallel whose results are taken in the order of the items, so that
//! sums have the same bits whatever the number of threads.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::locks::lock;

/// Applies `map` to every item, on the threads of the current pool, and `fold`
/// to each result in the order of the items. No more results wait than threads
/// have run ahead of the slowest.
pub(crate) fn fold_in_order<I, T: Send>(
    items: impl Iterator<Item = I> + Send,
    map: impl Fn(I) -> T + Sync,
    mut fold: impl FnMut(T) + Send,
) {
    let threads = rayon::current_num_threads();
    if threads == 1 {
        return items.map(map).for_each(fold);
    }
    let source = Mutex::new(items.enumerate());
    let sink = Mutex::new(Sink {
        next: 0,
        waiting: BTreeMap::new(),
        fold: &mut fold,
    });
    let next = || lock(&source).next();
    let work = || {
        while let Some((place, item)) = next() {
            let result = map(item);
            lock(&sink).take(place, result);
        }
    };
    rayon::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|_| work());
        }
    });
}

/// Results that came before their turn, and who takes them.
struct Sink<'a, T, F> {
    next: usize,
    waiting: BTreeMap<usize, T>,
    fold: &'a mut F,
}

impl<T, F: FnMut(T)> Sink<'_, T, F> {
    fn take(&mut self, place: usize, result: T) {
        self.waiting.insert(place, result);
        while let Some(result) = self.waiting.remove(&self.next) {
            (self.fold)(result);
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads can be started").install(work)
    }

    #[test]
    fn results_come_in_the_order_of_the_items_whatever_they_take() {
        for threads in [1, 2, 3, 8] {
            for items in [0, 1, 2, 7, 100] {
                let mut taken = Vec::new();
                with_threads(threads, || {
                    let slow_first = |k: u64| {
                        std::thread::sleep(std::time::Duration::from_micros(300 / (k + 1)));
                        k
                    };
                    fold_in_order(0..items, slow_first, |k| taken.push(k));
                });
                assert_eq!(taken, (0..items).collect::<Vec<u64>>());
            }
        }
    }

    #[test]
    fn sums_have_the_same_bits_whatever_the_number_of_threads() {
        let sum = |threads| {
            let mut total = 0.0_f32;
            with_threads(threads, || {
                let item = |k: u32| (k as f32).sin() * 10.0_f32.powi(k as i32 % 7);
                fold_in_order(0..5000, item, |x| total += x);
            });
            total
        };
        assert_eq!(sum(1).to_bits(), sum(2).to_bits());
        assert_eq!(sum(1).to_bits(), sum(3).to_bits());
    }
}
