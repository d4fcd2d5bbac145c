//! The interquartile mean (R. Agarwal, M. Schwarzer, P. S. Castro, A. Courville &
//! M. G. Bellemare, *Deep Reinforcement Learning at the Edge of the Statistical
//! Precipice*, 2021): the mean of the middle half, which single outliers move
//! less than the mean and which wastes less than the median.

use crate::interval::mean;

/// The mean without the ⌊n/4⌋ smallest and as many largest values: SciPy's
/// `trim_mean(values, 0.25)`. `None` without values.
///
/// ```
/// use breakeven_verify::interquartile_mean::interquartile_mean;
///
/// assert_eq!(interquartile_mean(&[1.0, 2.0, 3.0, 100.0]), Some(2.5));
/// ```
pub fn interquartile_mean(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let mut parted = values.to_vec();
    let (cut, last) = (values.len() / 4, values.len() - 1 - values.len() / 4);
    parted.select_nth_unstable_by(cut, f64::total_cmp);
    parted[cut..].select_nth_unstable_by(last - cut, f64::total_cmp);
    let middle = &mut parted[cut..=last];
    // One order of summation, whatever that of the values.
    middle.sort_by(f64::total_cmp);
    Some(mean(middle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_goes_at_either_end() {
        assert_eq!(interquartile_mean(&[]), None);
        assert_eq!(interquartile_mean(&[2.0]), Some(2.0));
        // Of three values none, of five one at either end.
        assert_eq!(interquartile_mean(&[1.0, 2.0, 6.0]), Some(3.0));
        assert_eq!(interquartile_mean(&[100.0, 1.0, 2.0, 6.0, -7.0]), Some(3.0));
        let eight = [8.0, 1.0, 7.0, 2.0, 6.0, 3.0, 5.0, 4.0];
        assert_eq!(interquartile_mean(&eight), Some(4.5));
    }
}
