//! Benjamini and Hochberg's step-up adjustment (1995): the expected share of
//! false verdicts among all is at most α, for independent tests and such as
//! depend positively.

/// The adjusted p-values, in the order given: with p_(1) ≤ … ≤ p_(m), that of
/// p_(i) is the least of min(1, m·p_(j)/j) over j ≥ i.
///
/// ```
/// use breakeven_verify::benjamini_hochberg::benjamini_hochberg;
///
/// // 3/16 of the smallest; 3/2 · 1/8 of the next is the same; 3/3 · 1/4.
/// let adjusted = benjamini_hochberg(&[0.0625, 0.25, 0.125]);
/// assert_eq!(adjusted, [0.1875, 0.25, 0.1875]);
/// ```
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let all = p_values.len() as f64;
    let mut adjusted = vec![1.0; p_values.len()];
    let mut so_far: f64 = 1.0;
    for (place, &index) in order.iter().enumerate().rev() {
        so_far = so_far.min(all * p_values[index] / (place + 1) as f64);
        adjusted[index] = so_far;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SciPy 1.17.1: `scipy.stats.false_discovery_control([...], method="bh")`.
    #[test]
    fn a_family_as_scipy_has_it() {
        let found = benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005, 0.9]);
        for (found, expected) in found.iter().zip([0.025, 0.05, 0.05, 0.025, 0.9]) {
            assert!((found - expected).abs() < 1e-15, "{found} {expected}");
        }
    }

    #[test]
    fn it_ends_at_one_and_at_nothing() {
        assert_eq!(benjamini_hochberg(&[1.0, 1.0]), [1.0, 1.0]);
        assert_eq!(benjamini_hochberg(&[]), [0.0; 0]);
    }
}
