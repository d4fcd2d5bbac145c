//! The loss along eigenvectors of H.

use breakeven_sim::record::{LossLine, LossPlane};

use crate::known::Known;
use crate::solver::{Eigenpair, Eigenpairs};

/// How far a critical learning rate is looked for, in factors of two.
const MOST_DOUBLINGS: usize = 60;

/// Width of the interval that holds it, as a part of it.
const BRACKET: f64 = 1e-4;

/// A network's mean loss near θ.
pub(crate) struct Landscape<'a, F> {
    /// θ.
    pub(crate) theta: &'a [f64],
    /// L(θ).
    pub(crate) loss: f64,
    /// L anywhere.
    pub(crate) loss_at: F,
}

impl<F: Fn(&[f64]) -> f64> Landscape<'_, F> {
    /// L along e_H¹ at an odd number of points whose middle is θ.
    pub(crate) fn line(&self, h: &Eigenpairs, points: usize) -> Known<LossLine> {
        let e = h.top_vector("H")?;
        let lambda = h.pairs[0].value;
        if lambda <= 0.0 {
            return Err("H has no positive eigenvalue, or the loss is not finite".to_owned());
        }
        let offsets = self.offsets(lambda, points)?;
        let losses: Vec<f64> = offsets.iter().map(|&t| self.at([(e, t)])).collect();
        if losses.iter().all(|loss| loss.is_finite()) {
            Ok(LossLine { offsets, losses })
        } else {
            Err("the loss is not finite along e".to_owned())
        }
    }

    /// L in the plane of e_H¹ and e_H², at an odd number of points each way.
    pub(crate) fn plane(&self, h: &Eigenpairs, points: usize) -> Known<LossPlane> {
        let first = h.top_vector("H")?;
        let second = h.pairs.get(1).ok_or("H has one eigenvalue")?;
        let second = alone(second)?;
        let [of_first, of_second] = [h.pairs[0].value, h.pairs[1].value];
        let offsets = [
            self.offsets(of_first, points)?,
            self.offsets(of_second, points)?,
        ];
        let row = |&along_second: &f64| {
            let one = |&along_first: &f64| {
                let loss = self.at([(first, along_first), (second, along_second)]);
                loss.is_finite().then_some(loss)
            };
            offsets[0].iter().map(one).collect()
        };
        let losses = offsets[1].iter().map(row).collect();
        Ok(LossPlane { offsets, losses })
    }

    /// Between which two learning rates a step along `-g` no longer lowers the loss,
    /// `curvature` being gᵀHg/‖g‖²: by doubling or halving what a quadratic loss
    /// would have, and bisection to [`BRACKET`].
    pub(crate) fn critical(&self, g: &[f64], curvature: f64) -> Known<[f64; 2]> {
        let rises = |eta: f64| {
            let loss = self.at([(g, -eta)]);
            loss.is_nan() || loss >= self.loss
        };
        let from = match curvature.is_finite() && curvature != 0.0 {
            true => curvature.abs().recip(),
            false => 1.0,
        };
        let up = rises(from);
        let factor = if up { 0.5 } else { 2.0 };
        let rates = std::iter::successors(Some(from), |eta| Some(factor * eta));
        let crossed = rates
            .skip(1)
            .take(MOST_DOUBLINGS)
            .find(|&eta| rises(eta) != up);
        let crossed = crossed.ok_or(match up {
            true => "no step along the gradient, however short, lowers the loss",
            false => "no step along the gradient, however long, raises the loss",
        })?;
        let (mut low, mut high) = match up {
            true => (crossed, 2.0 * crossed),
            false => (crossed / 2.0, crossed),
        };
        while high - low > BRACKET * high {
            let middle = (low + high) / 2.0;
            match rises(middle) {
                true => high = middle,
                false => low = middle,
            }
        }
        Ok([low, high])
    }

    /// Evenly to both sides, out to where ½|λ|t² is L.
    fn offsets(&self, lambda: f64, points: usize) -> Known<Vec<f64>> {
        let reach = (2.0 * self.loss / lambda.abs()).sqrt();
        if !(reach.is_finite() && reach > 0.0) {
            return Err("the loss or the eigenvalue is zero, or not finite".to_owned());
        }
        let half = points / 2;
        let offset = |j| reach * (j as f64 - half as f64) / half as f64;
        Ok((0..=2 * half).map(offset).collect())
    }

    fn at<const N: usize>(&self, moves: [(&[f64], f64); N]) -> f64 {
        let moved: Vec<f64> = (0..self.theta.len())
            .map(|k| moves.iter().fold(self.theta[k], |x, (e, t)| x + t * e[k]))
            .collect();
        (self.loss_at)(&moved)
    }
}

/// The vector of the second pair, where it is determined.
fn alone(pair: &Eigenpair) -> Known<&[f64]> {
    if pair.value == 0.0 {
        return Err("the second eigenvalue of H is zero up to rounding".to_owned());
    }
    match pair.multiplicity {
        Some(1) => Ok(&pair.vector),
        Some(several) => Err(format!(
            "the second eigenvalue of H is repeated ({several} times, to the tolerance): no one \
             eigenvector belongs to it"
        )),
        None => Err("whether the second eigenvalue of H is repeated was not found out".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// L(θ) = c + ½ Σ h_k θ_k² and its gradient there.
    fn quadratic(theta: &[f64], h: &[f64], c: f64) -> f64 {
        c + theta
            .iter()
            .zip(h)
            .map(|(x, h)| 0.5 * h * x * x)
            .sum::<f64>()
    }

    fn critical(theta: &[f64], h: &[f64]) -> Known<[f64; 2]> {
        let g: Vec<f64> = theta.iter().zip(h).map(|(x, h)| h * x).collect();
        let squared: f64 = g.iter().map(|g| g * g).sum();
        let curvature = g.iter().zip(h).map(|(g, h)| h * g * g).sum::<f64>() / squared;
        let near = Landscape {
            theta,
            loss: quadratic(theta, h, 1.0),
            loss_at: |moved: &[f64]| quadratic(moved, h, 1.0),
        };
        near.critical(&g, curvature)
    }

    /// A step along the gradient of a quadratic loss lowers it up to 2‖g‖²/gᵀHg.
    #[test]
    fn of_a_quadratic_loss_the_critical_rate_is_two_over_the_curvature() {
        for (theta, h) in [([1.0, 0.0], [3.0, 5.0]), ([1.0, -2.0], [3.0, 0.25])] {
            let squares = theta.iter().zip(&h).map(|(x, h)| (h * x) * (h * x));
            let weighted = squares.clone().zip(&h).map(|(square, h)| square * h);
            let exact = 2.0 * squares.sum::<f64>() / weighted.sum::<f64>();
            let [low, high] = critical(&theta, &h).unwrap();
            assert!(low <= exact && exact <= high, "{low} {exact} {high}");
            assert!(high - low <= BRACKET * high);
        }
    }

    #[test]
    fn where_the_loss_always_or_never_falls_there_is_none() {
        let why = critical(&[1.0, 1.0], &[-1.0, -2.0]).unwrap_err();
        assert!(why.contains("however long"), "{why}");
        let near = Landscape {
            theta: &[1.0],
            loss: 1.0,
            loss_at: |_: &[f64]| 2.0,
        };
        let why = near.critical(&[1.0], 1.0).unwrap_err();
        assert!(why.contains("however short"), "{why}");
    }
}
