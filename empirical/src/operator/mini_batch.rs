//! The covariance of mini-batch gradients, through its Gram matrix.

use std::ops::Range;

use burn::tensor::{Tensor, TensorData};
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::compute::to_host;
use crate::examples::Examples;
use crate::in_order::fold_in_order;
use crate::known::Known;
use crate::moments::Estimate;
use crate::network::{Network, Rounding, Written, add_each};
use crate::tape::{Lanes, Matrix, Turns};

use super::Approximate;
use super::gram::GramSpectrum;

/// Numbers of each gradient that a thread takes at once. Sums go part by part:
/// their bits do not depend on the number of threads.
const COLUMNS: usize = 1 << 15;

/// L gradients of mean losses over mini-batches of M examples each.
///
/// Of two batches of a one-pixel image each, 1 of class 0 and 0 of class 1, at θ = 0:
///
/// ```
/// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
/// # use breakeven_empirical::examples::Examples;
/// # use breakeven_empirical::model::Architecture;
/// # use breakeven_empirical::network::Network;
/// use breakeven_empirical::operator::{BatchSharpness, MiniBatchGradients};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// # let pixels = compute.matrix(&[1.0, 0.0], [2, 1]);
/// # let examples = Examples::new(pixels, &[0, 1], 2, &compute);
/// # let model = Architecture::Mlp { hidden: vec![] }.build([1, 1, 1], 2)?;
/// let network = Network::new(&*model, &compute);
/// let theta = model.parameters().split(&[0.0; 4], &compute);
/// let batches = (0..2).map(|k| examples.range(k, 1));
/// let gradients = MiniBatchGradients::new(&network, &theta, batches, BatchSharpness::Skipped);
/// let covariance = gradients.covariance().ok_or("a gradient is not finite")?;
/// // ½(−1, 1) ⊗ (1, 1) and ½(1, −1) ⊗ (0, 1): λ_K¹ = ¼‖g₁ − g₂‖² of L = 2 gradients.
/// assert!((covariance.spectrum().largest() - 0.625).abs() < 1e-12);
/// assert_eq!(covariance.spectrum().rank(), 1);
/// # Ok(())
/// # }
/// ```
pub struct MiniBatchGradients {
    /// g_j − ḡ, one a row, cut into parts: `[L, numbers]` each.
    centred: Vec<Matrix>,
    /// ḡ, the mean of the L gradients, cut alike: `[1, numbers]` each.
    mean: Vec<Matrix>,
    /// L.
    batches: usize,
    /// The curvature of each batch's loss along its gradient, where it was asked
    /// for.
    sharpness: Option<Vec<Option<AlongGradient>>>,
    /// How far rounding may move the first gradient, in length.
    moved: f64,
    /// How far it may move other sums.
    rounding: Rounding,
}

/// What is along the gradient g of a batch that is not zero.
#[derive(Clone, Copy, Debug)]
struct AlongGradient {
    /// gᵀ H g / ‖g‖².
    curvature: f64,
    /// ‖g‖².
    squared: f64,
}

/// Whether the curvature of each batch's loss along its own gradient is
/// measured too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchSharpness {
    /// It is.
    Measured,
    /// It is not.
    Skipped,
}

impl MiniBatchGradients {
    /// The gradients of `batches` at `parameters`, on the threads of the
    /// current pool, a batch at a time.
    ///
    /// # Panics
    /// If there is no batch.
    pub fn new(
        network: &Network,
        parameters: &[Matrix],
        batches: impl Iterator<Item = Examples> + Send,
        sharpness: BatchSharpness,
    ) -> Self {
        let turns = Turns::of_pool();
        let of_batch = |(place, batch): (usize, Examples)| {
            let of_lane = |mut written: Written, _| {
                let weight = 1.0 / batch.len() as f64;
                let gradient = written.pull_back(weight, network.compute);
                (written, gradient)
            };
            let (lanes, all) = network.write_lanes(parameters, &batch, &turns, of_lane);
            let (written, gradients): (Vec<Written>, Vec<_>) = all.into_iter().unzip();
            let mut gradient = None;
            for part in gradients {
                add_each(&mut gradient, part);
            }
            let gradient = gradient.expect("a batch has a lane");
            let rounding = (place == 0).then(|| gradient_rounding(network, &written, batch.len()));
            let sharp = (sharpness == BatchSharpness::Measured)
                .then(|| curvature_along(&lanes, &written, &gradient));
            (gradient, sharp, rounding)
        };
        // Of each part all gradients': an old gradient's memory is free as soon as its
        // part is centred, where all of them at once would take as much again.
        let mut parts: Vec<Vec<Matrix>> = Vec::new();
        let (mut sharp, mut moved) = (Vec::new(), 0.0);
        fold_in_order(
            batches.enumerate(),
            of_batch,
            |(gradient, curvature, first)| {
                sharp.extend(curvature);
                moved = first.unwrap_or(moved);
                let cut: Vec<Matrix> = gradient.into_iter().flat_map(pieces).collect();
                parts.resize(cut.len(), Vec::new());
                for (part, piece) in parts.iter_mut().zip(cut) {
                    part.push(piece);
                }
            },
        );
        let batches = parts[0].len();
        let (centred, mean) = parts
            .into_par_iter()
            .map(|part| {
                let all: Matrix = Tensor::cat(part, 0);
                let mean = all.clone().mean_dim(0);
                (all - mean.clone(), mean)
            })
            .unzip();
        Self {
            centred,
            mean,
            batches,
            sharpness: (sharpness == BatchSharpness::Measured).then_some(sharp),
            moved,
            rounding: network.rounding(),
        }
    }

    /// E_B\[g_Bᵀ H_B g_B / ‖g_B‖²\], where it was measured and every batch has
    /// a gradient.
    pub fn batch_sharpness(&self) -> Option<Known<Estimate>> {
        let all = self.sharpness.as_ref()?;
        Some(if all.iter().any(|sharp| sharp.is_none()) {
            Err("a mini-batch gradient is zero".to_owned())
        } else {
            let each = all.iter().flatten().map(|along| along.curvature);
            Ok(Estimate::mean(&each.collect::<Vec<f64>>()))
        })
    }

    /// E_B\[g_Bᵀ H_B g_B\] / E_B\[‖g_B‖²\], the ratio of means where
    /// [`Self::batch_sharpness`] is the mean of ratios; where it was measured and
    /// some batch has a gradient.
    pub fn batch_sharpness_ratio_of_means(&self) -> Option<Known<Estimate>> {
        let all = self.sharpness.as_ref()?;
        let squared = |along: &Option<AlongGradient>| along.map_or(0.0, |along| along.squared);
        let squares: f64 = all.iter().map(squared).sum();
        if squares == 0.0 {
            return Some(Err("all mini-batch gradients are zero".to_owned()));
        }
        // As shares of their sum: products of small squares underflow.
        let shares: Vec<f64> = all.iter().map(|along| squared(along) / squares).collect();
        let curvature = |along: &Option<AlongGradient>| along.map_or(0.0, |along| along.curvature);
        let curved = all.iter().zip(&shares);
        let curved: Vec<f64> = curved
            .map(|(along, share)| curvature(along) * share)
            .collect();
        Some(Ok(Estimate::ratio_of_means(&curved, &shares)))
    }

    /// Eigenvalues and eigenvectors of their covariance; absent where a
    /// gradient is not finite.
    pub fn covariance(&self) -> Option<MiniBatchCovariance<'_>> {
        let batches = self.batches;
        let products_of_all =
            DMatrix::from_row_slice(batches, batches, &products(&self.centred, &self.centred));
        let squared_mean = products(&self.mean, &self.mean)[0];
        let mean_square = products_of_all.trace() / batches as f64 + squared_mean;
        // No gradient is longer than a typical one of its examples.
        let moved = self.moved.max(self.rounding.of(mean_square.sqrt()));
        let spectrum = GramSpectrum::of(&products_of_all, moved, self.rounding)?;
        Some(MiniBatchCovariance {
            gradients: self,
            moved,
            products: products_of_all,
            spectrum,
        })
    }
}

/// The eigenspace of K^M = (1/L) Σ (g_j − ḡ)(g_j − ḡ)ᵀ (paper, App. C), found
/// from the L × L Gram matrix that has the same non-zero eigenvalues.
///
/// K^M is about K/M: a gradient over M independent examples has an M-th of
/// the covariance of one.
pub struct MiniBatchCovariance<'a> {
    gradients: &'a MiniBatchGradients,
    /// How far rounding may move each gradient, in length.
    moved: f64,
    /// ⟨g_i − ḡ, g_j − ḡ⟩.
    products: DMatrix<f64>,
    spectrum: GramSpectrum,
}

impl MiniBatchCovariance<'_> {
    /// Its eigenvalues and what is made of them.
    pub fn spectrum(&self) -> &GramSpectrum {
        &self.spectrum
    }

    /// Those of the first ⌊L/2⌋ gradients and of the others, each centred on its
    /// own mean: what another draw of so many batches might have given.
    ///
    /// # Errors
    /// Below L = 4, where a half is no two gradients.
    pub fn halves(&self) -> Known<[GramSpectrum; 2]> {
        let all = self.products.nrows();
        if all < 4 {
            return Err(format!(
                "L is {all}: a half needs two mini-batches for a covariance"
            ));
        }
        let middle = all / 2;
        let half = |range: Range<usize>| {
            let own = self.products.view_range(range.clone(), range).into_owned();
            GramSpectrum::of(&own, self.moved, self.gradients.rounding)
                // Those of all batches are finite, or there would be no `self`.
                .expect("a part of a finite matrix is finite")
        };
        Ok([half(0..middle), half(middle..all)])
    }

    /// |cos(e, e_K¹)| for a unit vector `e` in θ's order, as matrices.
    pub fn alignment(&self, e: Vec<Matrix>) -> Known<f64> {
        self.spectrum.nonzero()?;
        if self.spectrum.tied(0) {
            return Err("the largest eigenvalue of K^M is repeated".to_owned());
        }
        let e: Vec<Matrix> = e.into_iter().flat_map(pieces).collect();
        let projections = DVector::from_vec(products(&self.gradients.centred, &e));
        let norm = (self.products.nrows() as f64 * self.spectrum.largest()).sqrt();
        Ok((self.spectrum.weights[0].dot(&projections) / norm)
            .abs()
            .min(1.0))
    }

    /// The mean over the batches of ‖g‖/‖g_k‖, where g_k is the projection of
    /// a batch's gradient onto the top `k` eigenvectors (paper, Sec. 4.3).
    /// Where K^M has a lower rank, onto all of its range.
    pub fn subspace_ratio(&self, k: usize) -> Known<f64> {
        let spectrum = &self.spectrum;
        spectrum.nonzero()?;
        let rank = spectrum.rank();
        if k < rank && spectrum.tied(k - 1) {
            return Err(format!(
                "eigenvalues {k} and {} of K^M are equal up to rounding: the subspace of the top \
                 {k} is not determined",
                k + 1
            ));
        }
        let batches = self.products.nrows();
        let scale = batches as f64;
        let mean = &self.gradients.mean;
        let with_mean = DVector::from_vec(products(&self.gradients.centred, mean));
        let mean_squared = products(mean, mean)[0];
        let tops = 0..k.min(rank);
        let ratio = |j: usize| {
            let squared = self.products[(j, j)] + 2.0 * with_mean[j] + mean_squared;
            let projected: f64 = tops
                .clone()
                .map(|k| {
                    let norm = (scale * spectrum.eigenvalues()[k]).sqrt();
                    let along_centred = norm * spectrum.weights[k][j];
                    let along_mean = spectrum.weights[k].dot(&with_mean) / norm;
                    (along_centred + along_mean).powi(2)
                })
                .sum();
            let moved = self.moved;
            (projected > moved * moved).then(|| (squared / projected).sqrt().max(1.0))
        };
        let ratios: Option<Vec<f64>> = (0..batches).map(ratio).collect();
        let ratios = ratios.ok_or_else(|| {
            format!("a mini-batch gradient has no part in the top {k} eigenvectors of K^M")
        })?;
        Ok(ratios.iter().sum::<f64>() / scale)
    }
}

impl Approximate for MiniBatchCovariance<'_> {
    fn values(&self) -> &[f64] {
        self.spectrum.eigenvalues()
    }

    fn error(&self, value: f64) -> f64 {
        self.spectrum.error(value)
    }

    fn vector(&self, k: usize) -> Vec<f64> {
        let batches = self.products.nrows();
        let norm = (batches as f64 * self.spectrum.eigenvalues()[k]).sqrt();
        let weights = &self.spectrum.weights[k] / norm;
        let weights = TensorData::new(weights.as_slice().to_vec(), [1, batches]);
        let parts = self.gradients.centred.iter().flat_map(|centred| {
            let of_type = (&centred.device(), centred.dtype());
            let weights = weights.clone().convert_dtype(centred.dtype());
            let weights: Matrix = Tensor::from_data(weights, of_type);
            to_host(weights.matmul(centred.clone()))
        });
        parts.collect()
    }
}

/// How far rounding may move the gradient of a mean loss over a batch like
/// this one of `examples`, whose lanes are on tapes with their cotangents.
fn gradient_rounding(network: &Network, lanes: &[Written], examples: usize) -> f64 {
    let of_lane = |written: &Written| written.tape.squared_gradient_norms(written.loss);
    let weighted = lanes.iter().flat_map(|written| to_host(of_lane(written)));
    // The tape's cotangents carry a factor 1/M each.
    let typical = (weighted.sum::<f64>() * examples as f64).sqrt();
    network.rounding().of(typical)
}

/// The curvature of a batch's loss along its gradient g; absent where that is zero.
fn curvature_along(lanes: &Lanes, written: &[Written], g: &[Matrix]) -> Option<AlongGradient> {
    let sizes = g.iter().map(|part| part.clone().abs().max().into_scalar());
    let size = sizes.fold(0.0, f64::max);
    if size == 0.0 {
        return None;
    }
    // Squares of small numbers underflow in 32 bits.
    let g: Vec<Matrix> = g.iter().map(|part| part.clone() / size).collect();
    let squares = g.iter().map(|part| part.clone().square().sum());
    let squared: f64 = squares.map(|sum| sum.into_scalar::<f64>()).sum();
    let of_lane = |written: &Written| {
        let tangents = written.tape.push_tangent(&g);
        let second = written.tape.push_second(written.loss, &tangents);
        let [examples, _] = second.dims();
        (examples as f64, second.mean().into_scalar::<f64>())
    };
    let means = lanes.run_with(written, of_lane);
    let examples: f64 = means.iter().map(|(own, _)| own).sum();
    let second: f64 = means
        .iter()
        .map(|(own, mean)| mean * (own / examples))
        .sum();
    Some(AlongGradient {
        curvature: second / squared,
        squared: squared * size * size,
    })
}

/// A matrix as one row, cut into the parts that are computed on side by side.
fn pieces(matrix: Matrix) -> impl Iterator<Item = Matrix> {
    let numbers = matrix.dims().iter().product();
    let row: Matrix = matrix.reshape([1, numbers]);
    (0..numbers).step_by(COLUMNS).map(move |start| {
        let cut = row.clone().narrow(1, start, COLUMNS.min(numbers - start));
        // A copy, as a view keeps all of the row.
        if numbers > COLUMNS {
            cut.mul_scalar(1.0)
        } else {
            cut
        }
    })
}

/// `a bᵀ` in row-major order, for rows that are cut into parts, which are added
/// in their order.
fn products(a: &[Matrix], b: &[Matrix]) -> Vec<f64> {
    let parts: Vec<Matrix> = a
        .par_iter()
        .zip(b)
        .map(|(a, b)| a.clone().matmul(b.clone().transpose()))
        .collect();
    let sum = parts.into_iter().reduce(|a, b| a + b);
    to_host(sum.expect("a model has parameters"))
}
