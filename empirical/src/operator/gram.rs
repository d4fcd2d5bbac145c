//! The spectrum of a covariance of a few long vectors, from their products.

use breakeven_sim::record::Outliers;
use nalgebra::{DMatrix, DVector};

use crate::known::Known;
use crate::network::Rounding;
use crate::spectrum::Spectrum;

/// The non-zero spectrum of K^M, which is that of the Gram matrix
/// ⟨g_i − ḡ, g_j − ḡ⟩/L of its L gradients.
///
/// A gradient is a mean of per-example gradients, which cancel: rounding moves
/// it by a share of their length, not of its own. Eigenvalues that are no
/// larger than what that makes of zero are 0, and what would rest on them is
/// absent.
pub struct GramSpectrum {
    /// How far rounding may move each gradient, in length.
    moved: f64,
    /// How far it may move an entry of the Gram matrix.
    of_products: f64,
    trace: f64,
    /// All L, largest first; the last is 0.
    eigenvalues: Vec<f64>,
    /// Eigenvectors of the Gram matrix, in the same order.
    pub(super) weights: Vec<DVector<f64>>,
}

impl GramSpectrum {
    /// Of vectors with these `products`, taken about any one point: about their
    /// own mean it is centred here. `moved` is how far rounding may have moved
    /// each, in length. Absent where a product is not finite.
    pub(super) fn of(products: &DMatrix<f64>, moved: f64, rounding: Rounding) -> Option<Self> {
        let count = products.nrows() as f64;
        let gram = centred(&((products + products.transpose()) / (2.0 * count)));
        let Spectrum { values, vectors } = Spectrum::of(&gram)?;
        let mut spectrum = Self {
            moved,
            of_products: rounding.of(products.trace() / count),
            trace: gram.trace(),
            eigenvalues: values,
            weights: vectors.column_iter().map(|v| v.into_owned()).collect(),
        };
        let zero = spectrum.error(0.0);
        for value in &mut spectrum.eigenvalues {
            if *value <= zero {
                *value = 0.0;
            }
        }
        Some(spectrum)
    }

    /// All L eigenvalues, largest first. At most L − 1 are not 0, since the
    /// gradients are centred on their own mean.
    pub fn eigenvalues(&self) -> &[f64] {
        &self.eigenvalues
    }

    /// How far rounding may have moved an eigenvalue, or the trace, of that
    /// size: singular values √λ move by no more than the gradients (Weyl), and
    /// the Gram matrix has its own rounding.
    pub fn error(&self, size: f64) -> f64 {
        let moved = self.moved;
        2.0 * size.sqrt() * moved + moved * moved + self.of_products
    }

    /// Eigenvalues that are not 0.
    pub fn rank(&self) -> usize {
        let nonzero = self.eigenvalues.iter().filter(|&&value| value > 0.0);
        nonzero.count()
    }

    /// λ_K¹.
    pub fn largest(&self) -> f64 {
        self.eigenvalues[0]
    }

    /// λ_K*, the (L−1)th largest; absent where that is 0.
    pub fn smallest_nonzero(&self) -> Known<f64> {
        self.nonzero()?;
        let (rank, most) = (self.rank(), self.eigenvalues.len() - 1);
        if rank < most {
            return Err(format!(
                "K^M has rank {rank}, below L - 1 = {most}: its smallest eigenvalue is zero up to \
                 rounding"
            ));
        }
        Ok(self.eigenvalues[most - 1])
    }

    /// λ_K*/λ_K¹; absent where λ_K* is.
    pub fn ratio(&self) -> Known<f64> {
        Ok(self.smallest_nonzero()? / self.largest())
    }

    /// How far rounding may have moved the ratio.
    pub fn ratio_error(&self) -> Known<f64> {
        let (smallest, ratio) = (self.smallest_nonzero()?, self.ratio()?);
        let largest = self.largest();
        Ok((self.error(smallest) + ratio * self.error(largest)) / largest)
    }

    /// The eigenvalues that stand out above the others, the last of all L left aside,
    /// which is 0 by construction.
    pub fn outliers(&self) -> Known<Outliers> {
        let others = self
            .eigenvalues
            .split_last()
            .map_or(&[][..], |(_, all)| all);
        let with_errors: Vec<(f64, f64)> = others.iter().map(|&x| (x, self.error(x))).collect();
        Outliers::among("K^M", &with_errors)
    }

    /// Tr K^M.
    pub fn trace(&self) -> f64 {
        if self.trace <= self.error(0.0) {
            0.0
        } else {
            self.trace
        }
    }

    /// Nothing, unless all of it is zero.
    pub(super) fn nonzero(&self) -> Known<()> {
        if self.largest() > 0.0 {
            return Ok(());
        }
        Err("K^M is zero up to rounding: all mini-batch gradients agree".to_owned())
    }

    /// Whether the k-th eigenvalue and the next can't be told apart.
    pub(super) fn tied(&self, k: usize) -> bool {
        let (value, next) = (self.eigenvalues[k], self.eigenvalues.get(k + 1));
        next.is_some_and(|&next| value - next <= self.error(value) + self.error(next))
    }
}

/// The products of vectors about their own mean.
fn centred(products: &DMatrix<f64>) -> DMatrix<f64> {
    let of_rows = products.column_mean();
    let of_all = of_rows.mean();
    DMatrix::from_fn(products.nrows(), products.ncols(), |i, j| {
        products[(i, j)] - of_rows[i] - of_rows[j] + of_all
    })
}
