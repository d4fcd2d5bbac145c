//! Means of S curvatures out of N: all of them, or drawn at random.

use rand::RngCore;

/// Most batches that are enumerated.
pub const MOST_BATCHES: u64 = 5_000_000;

/// C(N, S), where it is at most [`MOST_BATCHES`].
pub fn number_of_batches(examples: usize, batch_size: usize) -> Option<u64> {
    let smaller = batch_size.min(examples.checked_sub(batch_size)?) as u64;
    let mut number = 1_u64;
    for i in 1..=smaller {
        // Exact: the product of i consecutive integers divides by i!.
        number = number.checked_mul(examples as u64 - smaller + i)? / i;
        if number > MOST_BATCHES {
            return None;
        }
    }
    Some(number)
}

/// Every batch of `batch_size` out of `examples`, by its examples, each once.
/// Absent where there are more than [`MOST_BATCHES`].
pub fn all_batches(examples: usize, batch_size: usize) -> Option<Vec<Vec<usize>>> {
    let mut batches = Vec::new();
    for_all_batches(examples, batch_size, |batch| batches.push(batch.to_vec()))?;
    Some(batches)
}

/// The mean of every batch of `batch_size` out of `values`, each once.
/// Absent where there are more than [`MOST_BATCHES`].
pub fn all_batch_means(values: &[f64], batch_size: usize) -> Option<Vec<f64>> {
    let mut means = Vec::new();
    for_all_batches(values.len(), batch_size, |batch| {
        let sum: f64 = batch.iter().map(|&i| values[i]).sum();
        means.push(sum / batch_size as f64);
    })?;
    Some(means)
}

fn for_all_batches(examples: usize, batch_size: usize, mut f: impl FnMut(&[usize])) -> Option<()> {
    number_of_batches(examples, batch_size)?;
    let mut chosen: Vec<usize> = (0..batch_size).collect();
    loop {
        f(&chosen);
        // The last place that can still move on, and all after it behind it.
        let last = |place: usize| examples - batch_size + place;
        let Some(place) = (0..batch_size)
            .rev()
            .find(|&place| chosen[place] < last(place))
        else {
            return Some(());
        };
        chosen[place] += 1;
        for next in place + 1..batch_size {
            chosen[next] = chosen[next - 1] + 1;
        }
    }
}

/// Draws batches without replacement, each independent of the others.
#[derive(Clone, Debug)]
pub(crate) struct BatchSampler {
    /// The examples, in an order that every draw changes: the first places of
    /// any order, filled by a partial Fisher-Yates shuffle, are a fair batch.
    values: Vec<f64>,
    batch_size: usize,
}

impl BatchSampler {
    /// `batch_size` must be in 1 ..= N and N below 2³².
    pub(crate) fn new(values: &[f64], batch_size: usize) -> Self {
        Self {
            values: values.to_vec(),
            batch_size,
        }
    }

    /// The mean of one batch.
    #[inline]
    pub(crate) fn draw(&mut self, rng: &mut impl RngCore) -> f64 {
        let (values, batch_size) = (self.values.as_mut_slice(), self.batch_size);
        // One random number serves four draws where that is seldom unfair.
        let (mut sum, mut place) = (0.0, 0);
        if values.len() <= 1 << 14 {
            (sum, place) = fill_by::<4>(values, batch_size, rng);
        } else if values.len() <= 1 << 28 {
            (sum, place) = fill_by::<2>(values, batch_size, rng);
        }
        for place in place..batch_size {
            let bound = (values.len() - place) as u64;
            let [offset] = below::<1>(rng, bound, bound);
            sum += fill(values, place, offset);
        }
        sum / batch_size as f64
    }
}

/// Fills the first places, K at a time, while there are K left of
/// `batch_size`. Returns the sum of what is there, and how many were filled.
#[inline]
fn fill_by<const K: usize>(
    values: &mut [f64],
    batch_size: usize,
    rng: &mut impl RngCore,
) -> (f64, usize) {
    let mut sums = [0.0; K];
    let mut place = 0;
    // It is; said here so that places need no check each.
    let batch_size = batch_size.min(values.len());
    let doubtful = (values.len() as u64).pow(K as u32);
    while place + K <= batch_size {
        let offsets = below::<K>(rng, (values.len() - place) as u64, doubtful);
        for (i, (sum, offset)) in sums.iter_mut().zip(offsets).enumerate() {
            *sum += fill(values, place + i, offset);
        }
        place += K;
    }
    (sums.iter().sum(), place)
}

/// Fills a place with the one `offset` further, and returns that.
#[inline]
fn fill(values: &mut [f64], place: usize, offset: u64) -> f64 {
    let other = place + offset as usize;
    values.swap(place, other);
    values[place]
}

/// K fair integers, the first below `bound`, the next below `bound − 1`, and
/// so on, from one random number (Brackett-Rozinsky and Lemire 2024). The
/// product of the bounds must be at most `doubtful`, and `bound` at least K.
#[inline]
fn below<const K: usize>(rng: &mut impl RngCore, bound: u64, doubtful: u64) -> [u64; K] {
    loop {
        let mut rest = rng.next_u64();
        let mut integers = [0; K];
        for (i, integer) in (0..).zip(&mut integers) {
            let product = u128::from(rest) * u128::from(bound - i);
            (*integer, rest) = ((product >> 64) as u64, product as u64);
        }
        // What is left shows whether this number is among those that would
        // make some results likelier: fewer than the product of the bounds.
        if rest >= doubtful || is_fair::<K>(rest, bound) {
            return integers;
        }
    }
}

#[cold]
fn is_fair<const K: usize>(rest: u64, bound: u64) -> bool {
    let product: u64 = (0..K as u64).map(|i| bound - i).product();
    rest >= product.wrapping_neg() % product
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_xoshiro::Xoshiro256PlusPlus;

    #[test]
    fn every_batch_appears_once() {
        let mut means = all_batch_means(&[1.0, 2.0, 4.0, 8.0], 2).unwrap();
        means.sort_by(f64::total_cmp);
        assert_eq!(means, [1.5, 2.5, 3.0, 4.5, 5.0, 6.0]);
        assert_eq!(all_batch_means(&[1.0, 3.0], 2).unwrap(), [2.0]);
        assert_eq!(number_of_batches(7, 3), Some(35));
        assert_eq!(number_of_batches(1_000_000, 1), Some(1_000_000));
        assert_eq!(number_of_batches(100, 50), None);
        assert_eq!(number_of_batches(3, 4), None);
    }

    #[test]
    fn drawn_batches_are_equally_likely() {
        // Powers of two name the batch by its sum. 35 batches, 35,000 draws:
        // the 99.9 % point of χ² with 34 degrees of freedom is 65.25 (SciPy
        // 1.17.1, chi2.ppf(0.999, 34)); fixed seed.
        let values: Vec<f64> = (0..7).map(|i| f64::from(1 << i)).collect();
        let mut sampler = BatchSampler::new(&values, 3);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut counts = [0_u32; 128];
        for _ in 0..35_000 {
            counts[(sampler.draw(&mut rng) * 3.0).round() as usize] += 1;
        }
        let seen: Vec<f64> = counts
            .iter()
            .filter(|&&n| n > 0)
            .map(|&n| f64::from(n))
            .collect();
        assert_eq!(seen.len(), 35);
        let chi2: f64 = seen.iter().map(|n| (n - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi2 < 65.25, "{chi2}");
    }

    #[test]
    fn integers_below_a_bound_are_fair() {
        // Below 3·2⁶² and without rejection, multiples of three would be half
        // of all results instead of a third.
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
        let threes =
            (0..90_000).filter(|_| below::<1>(&mut rng, 3 << 62, 3 << 62)[0].is_multiple_of(3));
        let share = threes.count() as f64 / 90_000.0;
        assert!((share - 1.0 / 3.0).abs() < 4.0 * (2.0f64 / 9.0 / 90_000.0).sqrt());
    }

    #[test]
    fn integers_from_one_number_are_independent() {
        // All 5·4·3·2 = 120 results equally likely: χ² with 119 degrees of
        // freedom, 99.9 % point 172.4 (SciPy 1.17.1); fixed seed.
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
        let mut counts = [0_u32; 120];
        for _ in 0..120_000 {
            let [a, b, c, d] = below::<4>(&mut rng, 5, 120);
            counts[(((a * 4 + b) * 3 + c) * 2 + d) as usize] += 1;
        }
        let chi2: f64 = counts
            .iter()
            .map(|&n| (f64::from(n) - 1e3).powi(2) / 1e3)
            .sum();
        assert!(chi2 < 172.4, "{chi2}");
    }
}
