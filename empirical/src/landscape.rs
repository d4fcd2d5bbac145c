//! The loss along eigenvectors of H.

use breakeven_sim::record::{LossLine, LossPlane};

use crate::known::Known;
use crate::solver::{Eigenpair, Eigenpairs};

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
