//! The mean curvatures of all batches of S out of N examples.

/// Most batches that are enumerated.
pub const MOST_BATCHES: u64 = 5_000_000;

/// C(N, S), where it is at most [`MOST_BATCHES`].
pub(crate) fn number_of_batches(examples: usize, batch_size: usize) -> Option<u64> {
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

/// The mean of every batch of `batch_size` out of `values`, each once.
/// Absent where there are more than [`MOST_BATCHES`].
///
/// ```
/// use breakeven_sim::batches::all_batch_means;
///
/// // {1, 3}, {1, 8}, {3, 8}.
/// assert_eq!(all_batch_means(&[1.0, 3.0, 8.0], 2), Some(vec![2.0, 4.5, 5.5]));
/// ```
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
