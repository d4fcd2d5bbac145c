//! The covariance of mini-batch gradients, through its Gram matrix.

use burn::tensor::Tensor;
use nalgebra::{DMatrix, DVector};

use crate::compute::to_host;
use crate::examples::Examples;
use crate::in_order::fold_in_order;
use crate::network::{Network, Written};
use crate::spectrum::Spectrum;
use crate::tape::Matrix;

/// L gradients of mean losses over mini-batches of M examples each.
pub struct MiniBatchGradients {
    /// g_j − ḡ, one a row: for each parameter `[L, numbers]`.
    centred: Vec<Matrix>,
    /// ḡ, the mean of the L gradients: for each parameter `[1, numbers]`.
    mean: Vec<Matrix>,
    /// L.
    batches: usize,
    /// g_Bᵀ H_B g_B / ‖g_B‖² of each batch, where it was asked for.
    sharpness: Option<Vec<f64>>,
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
        let of_batch = |batch: Examples| {
            let mut written = network.write(parameters, &batch);
            let gradient = written.pull_back(1.0 / batch.len() as f64, network.compute);
            let sharp = (sharpness == BatchSharpness::Measured)
                .then(|| curvature_along(&written, &gradient));
            (gradient, sharp)
        };
        let mut rows: Vec<Vec<Matrix>> = vec![Vec::new(); parameters.len()];
        let mut sharp = Vec::new();
        fold_in_order(batches, of_batch, |(gradient, curvature)| {
            sharp.extend(curvature);
            for (rows, part) in rows.iter_mut().zip(gradient) {
                rows.push(row(part));
            }
        });
        let batches = rows[0].len();
        let all = rows.into_iter().map(|rows| Tensor::cat(rows, 0));
        let (centred, mean) = all
            .map(|all| {
                let mean = all.clone().mean_dim(0);
                (all - mean.clone(), mean)
            })
            .unzip();
        Self {
            centred,
            mean,
            batches,
            sharpness: (sharpness == BatchSharpness::Measured).then_some(sharp),
        }
    }

    /// E_B\[g_Bᵀ H_B g_B / ‖g_B‖²\], where it was measured.
    pub fn batch_sharpness(&self) -> Option<f64> {
        let all = self.sharpness.as_ref()?;
        Some(all.iter().sum::<f64>() / all.len() as f64)
    }

    /// Eigenvalues and eigenvectors of their covariance; absent where a
    /// gradient is not finite.
    pub fn covariance(&self) -> Option<MiniBatchCovariance<'_>> {
        let batches = self.batches;
        let gram = products(&self.centred, &self.centred);
        let gram = DMatrix::from_row_slice(batches, batches, &gram) / batches as f64;
        let Spectrum { values, vectors } = Spectrum::of(&((&gram + gram.transpose()) / 2.0))?;
        Some(MiniBatchCovariance {
            gradients: self,
            eigenvalues: values,
            weights: vectors.column_iter().map(|v| v.into_owned()).collect(),
            gram,
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
    /// All L, largest first; the last is zero up to rounding.
    eigenvalues: Vec<f64>,
    /// Eigenvectors of the Gram matrix, in the same order.
    weights: Vec<DVector<f64>>,
    gram: DMatrix<f64>,
}

impl MiniBatchCovariance<'_> {
    /// All L eigenvalues, largest first. The last is zero up to rounding,
    /// since the gradients are centred on their own mean.
    pub fn eigenvalues(&self) -> &[f64] {
        &self.eigenvalues
    }

    /// λ_K¹.
    pub fn largest(&self) -> f64 {
        self.eigenvalues[0]
    }

    /// λ_K*, the (L−1)th largest; absent for a single batch.
    pub fn smallest_nonzero(&self) -> Option<f64> {
        let index = self.eigenvalues.len().checked_sub(2)?;
        Some(self.eigenvalues[index])
    }

    /// λ_K*/λ_K¹; absent for a single batch or where all gradients agree.
    pub fn ratio(&self) -> Option<f64> {
        let smallest = self.smallest_nonzero()?;
        (self.largest() > 0.0).then(|| smallest / self.largest())
    }

    /// Tr K^M.
    pub fn trace(&self) -> f64 {
        self.gram.trace()
    }

    /// |cos(e, e_K¹)| for a unit vector `e` in θ's order, as matrices.
    pub fn alignment(&self, e: Vec<Matrix>) -> f64 {
        let e: Vec<Matrix> = e.into_iter().map(row).collect();
        let projections = DVector::from_vec(products(&self.gradients.centred, &e));
        let norm = (self.eigenvalues.len() as f64 * self.largest()).sqrt();
        (self.weights[0].dot(&projections) / norm).abs()
    }

    /// The mean over the batches of ‖g‖/‖g_k‖, where g_k is the projection of
    /// a batch's gradient onto the top `k` eigenvectors (paper, Sec. 4.3).
    pub fn subspace_ratio(&self, k: usize) -> f64 {
        let batches = self.eigenvalues.len();
        let scale = batches as f64;
        let mean = &self.gradients.mean;
        let with_mean = DVector::from_vec(products(&self.gradients.centred, mean));
        let mean_squared = products(mean, mean)[0];
        let tops: Vec<(usize, f64)> = (0..k.min(batches))
            .map(|k| (k, (scale * self.eigenvalues[k]).sqrt()))
            .filter(|&(_, norm)| norm > 0.0)
            .collect();
        let ratio = |j: usize| {
            let squared = scale * self.gram[(j, j)] + 2.0 * with_mean[j] + mean_squared;
            let projected: f64 = tops
                .iter()
                .map(|&(k, norm)| {
                    let along_centred = norm * self.weights[k][j];
                    let along_mean = self.weights[k].dot(&with_mean) / norm;
                    (along_centred + along_mean).powi(2)
                })
                .sum();
            (squared / projected).sqrt()
        };
        (0..batches).map(ratio).sum::<f64>() / scale
    }
}

/// gᵀ H g / ‖g‖² of a batch's loss along a direction g.
fn curvature_along(written: &Written, g: &[Matrix]) -> f64 {
    let tangents = written.tape.push_tangent(g);
    let second = written.tape.push_second(written.loss, &tangents).mean();
    let squares = g
        .iter()
        .map(|part| part.clone().square().sum().into_scalar::<f64>());
    second.into_scalar::<f64>() / squares.sum::<f64>()
}

/// A matrix as one row.
fn row(matrix: Matrix) -> Matrix {
    let numbers = matrix.dims().iter().product();
    matrix.reshape([1, numbers])
}

/// `a bᵀ` in row-major order, for rows that are cut into parts.
fn products(a: &[Matrix], b: &[Matrix]) -> Vec<f64> {
    let parts = a
        .iter()
        .zip(b)
        .map(|(a, b)| a.clone().matmul(b.clone().transpose()));
    to_host(parts.reduce(|a, b| a + b).expect("a model has parameters"))
}
