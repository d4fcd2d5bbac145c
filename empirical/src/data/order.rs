//! A fixed random order, for files that are sorted by class.
//!
//! Training takes the first n examples, and H is measured on the first few per
//! cent of those: of examples in the order of their classes they would hold
//! one class.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// The seed of the order. It is part of the data: another gives other examples
/// to a subset.
const SEED: u64 = 0;

/// Puts `items` into an order that depends on their number alone: Fisher's and
/// Yates' shuffle from the last item down, item i changing places with that
/// numbered ⌊u (i + 1) / 2⁶⁴⌋, u the next 64 bits of ChaCha8.
pub(super) fn shuffle<T>(items: &mut [T]) {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    for i in (1..items.len()).rev() {
        let scaled = u128::from(rng.next_u64()) * (i as u128 + 1);
        items.swap(i, (scaled >> 64) as usize); // at most i
    }
}

#[cfg(test)]
mod tests {
    use super::shuffle;

    #[test]
    fn the_order_is_a_permutation_and_the_same_each_time() {
        let mut order: Vec<usize> = (0..1000).collect();
        shuffle(&mut order);
        let mut again: Vec<usize> = (0..1000).collect();
        shuffle(&mut again);
        assert_eq!(order, again);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
        assert_ne!(sorted, order);
    }

    #[test]
    fn classes_that_were_sorted_are_mixed() {
        // the first 100 of 1,000 examples of two classes: 50 expected, and of a
        // hypergeometric distribution of standard deviation 4.7 the fixed seed
        // gives a draw within four of those
        let mut labels: Vec<usize> = (0..1000).map(|i| i / 500).collect();
        shuffle(&mut labels);
        let ones: usize = labels[..100].iter().sum();
        assert!((31..=69).contains(&ones), "{ones}");
    }

    #[test]
    fn nothing_and_one_item_stay() {
        shuffle::<u8>(&mut []);
        let mut one = [7];
        shuffle(&mut one);
        assert_eq!(one, [7]);
    }
}
