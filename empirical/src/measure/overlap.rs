//! How H's top eigenspace turns between two measurements.

use breakeven_sim::record::Record;

use super::WarmStart;
use crate::known::{Known, keep};
use crate::solver::{Eigenpair, Eigenpairs, dot};

/// How much of a subspace, whose vectors are in a warm start, is not the eigenspace that
/// they stand for, in length: ‖sin Θ‖_F of their principal angles, at most.
///
/// Vectors with residuals R whose values lie at least δ above all other eigenvalues have
/// ‖sin Θ‖_F ≤ ‖R‖_F/δ (Davis & Kahan, 1970). The others are taken to lie no higher than
/// the next value found and its bound.
fn tilt(found: &Eigenpairs, k: usize) -> Known<f64> {
    let missing = || format!("fewer than {} eigenvalues of H were found", k + 1);
    let next = found.pairs.get(k).ok_or_else(missing)?;
    let top = &found.pairs[..k];
    let gap = top[k - 1].value - (next.value + next.error_bound);
    let residual = |residual: f64| (residual + found.rounding).powi(2);
    let residuals: f64 = top.iter().map(|pair| residual(pair.residual)).sum();
    let tilt = residuals.sqrt() / gap;
    if gap > 0.0 && tilt < 1.0 {
        return Ok(tilt);
    }
    Err(format!(
        "eigenvalues {k} and {} of H are too close for their residuals: the space of the top {k} \
         is not determined",
        k + 1
    ))
}

/// tr(P P')/k of two orthonormal sets of k vectors: the mean of the squared cosines of
/// their principal angles.
fn overlap(a: &[Vec<f64>], b: &[Eigenpair]) -> f64 {
    let squares = a
        .iter()
        .flat_map(|a| b.iter().map(|b| dot(a, &b.vector).powi(2)));
    (squares.sum::<f64>() / a.len() as f64).min(1.0)
}

impl WarmStart {
    /// The overlap of the top `k` eigenvectors found with those that this start has from
    /// the last measurement, if there was one; and the tilt that the next will ask for.
    ///
    /// With s and s' the tilts of both, tr(P P') is off by no more than √k (s + s'): the
    /// difference of two projections of rank k has the eigenvalues ± sin θ_i.
    pub(super) fn overlap(&mut self, found: &Eigenpairs, k: usize, record: &mut Record) {
        let here = tilt(found, k);
        let before = self
            .tilt
            .replace(here.as_ref().ok().copied().unwrap_or(f64::INFINITY));
        let Some(before) = before else {
            return;
        };
        let both = here.and_then(|here| {
            let vectors = self.hessian.get(..k).filter(|_| before.is_finite());
            let vectors = vectors.ok_or_else(|| {
                format!("the space of the top {k} was not determined at the last measurement")
            })?;
            let error = (here + before) / (k as f64).sqrt();
            Ok((overlap(vectors, &found.pairs[..k]), error.min(1.0)))
        });
        let both = keep(&mut record.absent, "overlap_h", both);
        record.overlap_h = both.map(|(overlap, _)| overlap);
        record.overlap_h_error_bound = both.map(|(_, error)| error);
    }
}
