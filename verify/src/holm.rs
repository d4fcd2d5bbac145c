//! Holm's step-down adjustment of p-values for a family of hypotheses
//! (S. Holm, 1979): it bounds the chance of even one false rejection by α,
//! whatever the dependence between the tests.

/// The adjusted p-values, in the order given: with p_(1) ≤ … ≤ p_(m), that of
/// p_(i) is max over j ≤ i of min(1, (m − j + 1)·p_(j)).
///
/// ```
/// use breakeven_verify::holm::holm;
///
/// // 3 · 1/16, 2 · 1/8, and no less than that for 1 · 1/4.
/// assert_eq!(holm(&[0.0625, 0.25, 0.125]), [0.1875, 0.25, 0.25]);
/// ```
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![1.0; p_values.len()];
    let mut so_far: f64 = 0.0;
    for (smaller, &index) in order.iter().enumerate() {
        let factor = (p_values.len() - smaller) as f64;
        so_far = so_far.max((factor * p_values[index]).min(1.0));
        adjusted[index] = so_far;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")`, worked by hand from
    /// Holm's definition: 4·0.005, 3·0.01, 2·0.03, then max(1·0.04, 0.06).
    #[test]
    fn a_family_of_four() {
        let found = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in found.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!(
                (found - expected).abs() < 1e-15,
                "{found} is not {expected}"
            );
        }
    }

    #[test]
    fn adjusted_p_values_stop_at_one() {
        assert_eq!(holm(&[0.9, 0.6]), [1.0, 1.0]);
        assert_eq!(holm(&[]), [0.0; 0]);
    }
}
