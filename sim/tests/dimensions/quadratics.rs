//! Mean-square stability in D dimensions, for small examples: SGD on
//! quadratics, θ ← (I − ηH_B)θ with H_B the mean of the batch's Hessians.
//! Beyond the paper's one dimension (Wu, Ma and E 2018; Ma and Ying 2021).
//!
//! The second moment M = E\[θθᵀ\] follows M ← E\[(I − ηH_B) M (I − ηH_B)\],
//! which is stable where its largest eigenvalue is at most 1. Along a unit
//! vector e, eᵀ(that map of eeᵀ)e = E\[(1 − η eᵀH_Be)²\] is the left side of
//! Eq. 1 with s² = Var(eᵀH_ie). The map is symmetric, so its largest
//! eigenvalue is at least that: Eq. 1 is necessary for stability in D
//! dimensions, for every direction e, but not sufficient.

use nalgebra::{DMatrix, DVector};

use breakeven_sim::Sampling;

/// N symmetric D × D Hessians and mini-batches of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Quadratics {
    hessians: Vec<DMatrix<f64>>,
    mean: DMatrix<f64>,
    sampling: Sampling,
}

impl Quadratics {
    pub fn new(hessians: Vec<DMatrix<f64>>, batch_size: usize) -> Self {
        let sampling = Sampling::new(batch_size, hessians.len()).unwrap();
        let size = hessians[0].nrows();
        let zero = DMatrix::zeros(size, size);
        let sum = hessians.iter().fold(zero, |sum, hessian| sum + hessian);
        Self {
            mean: sum / hessians.len() as f64,
            hessians,
            sampling,
        }
    }

    /// H, the Hessian of the mean loss, D × D.
    pub fn hessian(&self) -> &DMatrix<f64> {
        &self.mean
    }

    /// (λ_H¹, e_H¹): the largest eigenvalue of H and its unit eigenvector.
    pub fn top(&self) -> (f64, DVector<f64>) {
        let eigen = self.mean.clone().symmetric_eigen();
        let place = eigen.eigenvalues.imax();
        (
            eigen.eigenvalues[place],
            eigen.eigenvectors.column(place).into_owned(),
        )
    }

    /// s² = Var_i(eᵀH_ie), 1/N.
    pub fn variance_along(&self, e: &DVector<f64>) -> f64 {
        let along = |h: &DMatrix<f64>| e.dot(&(h * e));
        let mean = along(&self.mean);
        let squares = self
            .hessians
            .iter()
            .map(|hessian| (along(hessian) - mean).powi(2));
        squares.sum::<f64>() / self.hessians.len() as f64
    }

    /// The largest eigenvalue of the map of second moments, as a D² × D²
    /// matrix (I − ηH)⊗(I − ηH) + η²p·(1/N)Σ(H_i − H)⊗(H_i − H): stable up to
    /// 1.
    pub fn growth(&self, eta: f64) -> f64 {
        let size = self.mean.nrows();
        let drift = DMatrix::identity(size, size) - &self.mean * eta;
        let mut map = drift.kronecker(&drift);
        let weight = eta * eta * self.sampling.noise_factor() / self.hessians.len() as f64;
        for hessian in &self.hessians {
            let rest = hessian - &self.mean;
            map += rest.kronecker(&rest) * weight;
        }
        map.symmetric_eigenvalues().amax()
    }

    /// The learning rate at which [`growth`](Self::growth) reaches 1, by
    /// bisection; absent where H has an eigenvalue that is not positive, so
    /// that no η > 0 is stable in every direction.
    pub fn largest_stable_rate(&self) -> Option<f64> {
        let eigenvalues = self.mean.symmetric_eigenvalues();
        if eigenvalues.min() <= 0.0 {
            return None;
        }
        // Stable for small η, as every eigenvalue is then 1 − O(η); unstable
        // above 2/λ_H¹ by the drift alone.
        let (mut low, mut high) = (0.0, 2.0 / eigenvalues.max());
        loop {
            let middle = f64::midpoint(low, high);
            if middle <= low || middle >= high {
                return Some(low);
            }
            if self.growth(middle) <= 1.0 {
                low = middle
            } else {
                high = middle
            }
        }
    }

    /// Batch sharpness at θ, E_B\[g_BᵀH_Bg_B/‖g_B‖²\] with g_B = H_Bθ, over all
    /// batches given by their examples (Andreyev and Beneventano 2024). In one
    /// dimension it is λ, whatever the noise; on the axis of 2/η it is the
    /// curvature that a batch sees along its own step.
    pub fn batch_sharpness(&self, theta: &DVector<f64>, batches: &[Vec<usize>]) -> f64 {
        let sharpness = |batch: &Vec<usize>| {
            let zero = DMatrix::zeros(theta.len(), theta.len());
            let sum = batch.iter().fold(zero, |sum, &i| sum + &self.hessians[i]);
            let hessian = sum / batch.len() as f64;
            let gradient = &hessian * theta;
            gradient.dot(&(&hessian * &gradient)) / gradient.norm_squared()
        };
        batches.iter().map(sharpness).sum::<f64>() / batches.len() as f64
    }
}
