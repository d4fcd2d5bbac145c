//! Mean and variance of a sample.

use serde::Serialize;

/// Mean and variance (1/n).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Moments {
    /// Mean.
    pub mean: f64,
    /// Variance, with 1/n.
    pub variance: f64,
}

impl Moments {
    /// Of a sample that is not empty.
    pub fn of(values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|x| (x - mean).powi(2)).sum();
        Self {
            mean,
            variance: squares / count,
        }
    }
}
