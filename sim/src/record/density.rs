//! A distribution of eigenvalues by quadrature, and how sure it is.

use serde::{Deserialize, Serialize};

/// The distribution of a symmetric matrix's eigenvalues: Gauss quadratures of the
/// measures of random probes z, in which eigenvalue λ_i with unit vector u_i weighs
/// ⟨u_i, z⟩²/‖z‖² (Golub & Welsch, 1969; Ghorbani et al., 2019).
///
/// Two nodes of one probe: above the smaller one lies the larger one's weight at
/// least, and all at most.
///
/// ```
/// use breakeven_sim::record::SpectralDensity;
///
/// let density: SpectralDensity =
///     serde_json::from_str(r#"{"nodes": [1.0, 5.0], "weights": [0.75, 0.25]}"#)?;
/// assert_eq!(density.share_above(0.0).between, [0.25, 1.0]);
/// assert_eq!(density.share_above(1.0).between, [0.0, 1.0]);
/// assert_eq!(density.share_above(6.0).between, [0.0, 0.25]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpectralDensity {
    /// Quadrature nodes (eigenvalues) of all probes, smallest first.
    pub nodes: Vec<f64>,
    /// Weight of each node; those of a probe sum to 1 over the number of probes.
    pub weights: Vec<f64>,
    /// The probe of each node, from 0. Empty in records of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probes: Vec<usize>,
    /// The eigenvalue of smallest size that rounding does not make is no larger in
    /// size ([`Self::smallest_nonzero`]). Absent where nothing bounds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smallest_nonzero_upper_bound: Option<f64>,
}

/// A mean over probes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OverProbes {
    /// The mean.
    pub mean: f64,
    /// Its standard error as that of all probes; absent of a single one.
    pub standard_error: Option<f64>,
}

/// What share of all eigenvalues lies above a value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Share {
    /// Least and most that the quadratures allow, as a mean over probes.
    pub between: [f64; 2],
    /// Standard error of each end over probes; absent of a single one.
    pub standard_errors: Option<[f64; 2]>,
}

impl SpectralDensity {
    /// The nodes and weights of each probe, whose weights sum to 1, smallest node
    /// first. Without [`Self::probes`] all are one.
    fn of_probes(&self) -> Vec<Vec<(f64, f64)>> {
        let count = self.probe_count();
        let mut all = vec![Vec::new(); count];
        for (place, (&node, &weight)) in self.nodes.iter().zip(&self.weights).enumerate() {
            let probe = self.probes.get(place).copied().unwrap_or(0);
            all[probe].push((node, weight * count as f64));
        }
        all
    }

    /// How many probes there were.
    pub fn probe_count(&self) -> usize {
        self.probes.iter().max().map_or(1, |last| last + 1)
    }

    /// By how much the weights miss a sum of 1.
    pub fn weight_error(&self) -> f64 {
        (self.weights.iter().sum::<f64>() - 1.0).abs()
    }

    /// What the eigenvalue of smallest size that is not zero is no larger than, in
    /// size, where rounding moves a product with a unit vector by `rounding` and
    /// eigenvalues no larger than that are zero.
    ///
    /// Between two neighbouring nodes of a probe, ends included, lies an eigenvalue:
    /// some combination of their two Ritz vectors has nothing of the last Lanczos
    /// vector, so that its product leaves the Krylov space nowhere, and its residual
    /// about the middle is half of their distance. Nothing of this kind bounds the
    /// eigenvalue from below: a probe may miss any number of smaller ones.
    pub fn smallest_nonzero(&self, rounding: f64) -> Option<f64> {
        let of_probe = |nodes: Vec<(f64, f64)>| {
            let beyond = |sign: f64| {
                let sizes = nodes.iter().map(|(node, _)| sign * node);
                let mut sizes: Vec<f64> = sizes.filter(|&size| size > 2.0 * rounding).collect();
                sizes.sort_by(f64::total_cmp);
                sizes.get(1).copied()
            };
            [beyond(1.0), beyond(-1.0)]
        };
        let all = self.of_probes().into_iter().flat_map(of_probe).flatten();
        all.reduce(f64::min).map(|size| size + rounding)
    }

    /// The share of eigenvalues above `value`. Of a probe's measure a Gauss
    /// quadrature says between what it lies: with nodes θ_1 < … < θ_m of weights w,
    /// Σ_{k>j} w_k ≤ μ(θ_j, ∞) ≤ Σ_{k≥j} w_k (the inequalities of Chebyshev,
    /// Markov and Stieltjes).
    pub fn share_above(&self, value: f64) -> Share {
        let ends: Vec<[f64; 2]> = self
            .of_probes()
            .iter()
            .map(|nodes| {
                // Those up to the value, of which the last may weigh in, as may the
                // first beyond.
                let beyond = nodes.partition_point(|(node, _)| *node <= value);
                let above = |first: usize| nodes.iter().skip(first).map(|(_, w)| w).sum::<f64>();
                [above(beyond + 1), above(beyond.saturating_sub(1))]
            })
            .collect();
        let [least, most] = [0, 1].map(|end| over_probes(ends.iter().map(|both| both[end])));
        Share {
            between: [least.mean, most.mean],
            standard_errors: least
                .standard_error
                .zip(most.standard_error)
                .map(|(least, most)| [least, most]),
        }
    }

    /// The density at each of `values` where each node is widened to a normal
    /// distribution of standard deviation `width`: a share of all eigenvalues per unit.
    pub fn widened(&self, values: &[f64], width: f64) -> Vec<OverProbes> {
        let height = (width * (2.0 * std::f64::consts::PI).sqrt()).recip();
        let probes = self.of_probes();
        let at = |&value: &f64| {
            let bell = |node: f64| height * (-0.5 * ((value - node) / width).powi(2)).exp();
            let of_probe = |nodes: &Vec<(f64, f64)>| nodes.iter().map(|(x, w)| w * bell(*x)).sum();
            over_probes(probes.iter().map(of_probe))
        };
        values.iter().map(at).collect()
    }
}

fn over_probes(values: impl Iterator<Item = f64> + Clone) -> OverProbes {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let squares: f64 = values.map(|x| (x - mean).powi(2)).sum();
    OverProbes {
        mean,
        standard_error: (count > 1.0).then(|| (squares / (count * (count - 1.0))).sqrt()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two probes: of weights ¼ and ¾ at −1 and 2, and ½ and ½ at 0 and 2.
    fn two() -> SpectralDensity {
        SpectralDensity {
            nodes: vec![-1.0, 0.0, 2.0, 2.0],
            weights: vec![0.125, 0.25, 0.375, 0.25],
            probes: vec![0, 1, 0, 1],
            smallest_nonzero_upper_bound: None,
        }
    }

    #[test]
    fn between_two_neighbouring_nodes_of_a_probe_is_an_eigenvalue() {
        let of = |nodes: &[f64], probes: &[usize]| SpectralDensity {
            nodes: nodes.to_vec(),
            weights: vec![1.0 / nodes.len() as f64; nodes.len()],
            probes: probes.to_vec(),
            smallest_nonzero_upper_bound: None,
        };
        let both_signs = of(&[-3.0, -0.5, 0.2, 1.0, 4.0], &[0; 5]);
        assert_eq!(both_signs.smallest_nonzero(0.0), Some(1.0));
        // What rounding may have made of zero bounds nothing; it moves the rest.
        assert_eq!(both_signs.smallest_nonzero(0.125), Some(3.125));
        // Neighbours in size are of one probe and one sign.
        assert_eq!(of(&[-1.0, 1.0], &[0, 0]).smallest_nonzero(0.0), None);
        assert_eq!(of(&[1.0, 2.0], &[0, 1]).smallest_nonzero(0.0), None);
        assert_eq!(two().smallest_nonzero(0.0), None);
        let apart = of(&[1.0, 2.0, 3.0, 4.0], &[0, 1, 0, 1]);
        assert_eq!(apart.smallest_nonzero(0.0), Some(3.0));
    }

    #[test]
    fn shares_are_between_the_sums_of_weights_on_either_side() {
        let between = |value| two().share_above(value).between;
        assert_eq!(between(-2.0), [(0.75 + 0.5) / 2.0, 1.0]);
        // Above −1/2: of the first probe's nodes either may weigh in.
        assert_eq!(between(-0.5), [(0.0 + 0.5) / 2.0, 1.0]);
        assert_eq!(between(3.0), [0.0, (0.75 + 0.5) / 2.0]);
        // Means of 0.75 and 0.5: half their difference.
        let [least, _] = two().share_above(-2.0).standard_errors.unwrap();
        assert!((least - 0.125).abs() < 1e-15);
    }

    #[test]
    fn a_widened_density_is_the_sum_of_its_bells() {
        let peak = (2.0 * std::f64::consts::PI).sqrt().recip();
        let at_two = two().widened(&[2.0], 1.0)[0];
        let first = 0.75 + 0.25 * (-4.5_f64).exp();
        let second = 0.5 + 0.5 * (-2.0_f64).exp();
        assert!((at_two.mean - peak * (first + second) / 2.0).abs() < 1e-15);
        let error = peak * (first - second).abs() / 2.0;
        assert!((at_two.standard_error.unwrap() - error).abs() < 1e-15);
    }

    #[test]
    fn one_probe_has_no_standard_error_and_old_records_are_one() {
        let old: SpectralDensity =
            serde_json::from_str(r#"{"nodes":[1.0,2.0],"weights":[0.5,0.5]}"#).unwrap();
        assert_eq!(old.share_above(1.5).standard_errors, None);
        assert_eq!(old.widened(&[1.0], 0.1)[0].standard_error, None);
        assert_eq!(old.weight_error(), 0.0);
    }
}
