//! Eigenvalues with what is known of their errors.

use std::ops::Range;

use breakeven_sim::record::{BoundKind, LEAST_FOR_OUTLIERS, Outliers, SolverStatus};
use nalgebra::DMatrix;

use super::{axpy, dot, norm, scale, take_out};
use crate::known::Known;
use crate::operator::LinearOperator;
use crate::spectrum::Spectrum;

/// An approximate eigenvalue and its vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Eigenpair {
    /// The Ritz value θ; 0 where it is below the rounding of a product.
    pub value: f64,
    /// The Ritz vector, of length 1.
    pub vector: Vec<f64>,
    /// ‖Av − θv‖.
    pub residual: f64,
    /// On |λ − θ|, rounding included; of what kind `bound_kind` says.
    pub error_bound: f64,
    /// What the bound says, and how sure it is.
    pub bound_kind: BoundKind,
    /// Eigenvalues in the cluster that this one belongs to: those that no
    /// more than the solver's tolerance separates. Absent where they were not
    /// counted, as in a search without fresh directions or at zero.
    pub multiplicity: Option<usize>,
}

/// What a solver found.
#[derive(Clone, Debug, PartialEq)]
pub struct Eigenpairs {
    /// Largest first. Fewer than asked for where the operator ran out of
    /// directions or the search of products.
    pub pairs: Vec<Eigenpair>,
    /// The smallest, smallest first, where they were asked for.
    pub smallest: Vec<Eigenpair>,
    /// An orthonormal basis of the eigenspace of the largest eigenvalue: one
    /// vector, but where that is repeated.
    pub(super) top_space: Vec<Vec<f64>>,
    /// What the search of the next step along a trajectory starts from: the
    /// vectors of the pairs. Empty where the largest eigenvalue is repeated:
    /// the next search is to look everywhere.
    pub start: Vec<Vec<f64>>,
    /// Products used.
    pub products: usize,
    /// Error of a product with a unit vector by rounding.
    pub rounding: f64,
    /// Whether the bounds met the tolerance, or rounding.
    pub status: SolverStatus,
}

impl Eigenpairs {
    /// The eigenvector of the largest eigenvalue of the matrix `name`; absent
    /// where it is not determined.
    pub fn top_vector(&self, name: &str) -> Known<&[f64]> {
        match self.top_space(name)? {
            [vector] => Ok(vector),
            space => Err(format!(
                "the largest eigenvalue of {name} is repeated ({} times, to the tolerance): no \
                 one eigenvector belongs to it",
                space.len()
            )),
        }
    }

    /// An orthonormal basis of the eigenspace of the largest eigenvalue;
    /// absent where that is 0.
    pub fn top_space(&self, name: &str) -> Known<&[Vec<f64>]> {
        match self.pairs.first() {
            Some(top) if top.value != 0.0 => Ok(&self.top_space),
            Some(_) => Err(format!(
                "the largest eigenvalue of {name} is zero up to rounding"
            )),
            None => Err(format!("a product of {name} is not finite")),
        }
    }

    /// Those of the largest eigenvalues of the matrix `name` that stand out; nothing
    /// where too few were asked for to tell.
    pub fn outliers(&self, name: &str) -> Option<Known<Outliers>> {
        let with_errors = |pair: &Eigenpair| (pair.value, pair.error_bound);
        let values: Vec<(f64, f64)> = self.pairs.iter().map(with_errors).collect();
        (values.len() >= LEAST_FOR_OUTLIERS).then(|| Outliers::among(name, &values))
    }

    /// No pairs at all.
    pub(super) fn none(products: usize) -> Self {
        Self {
            pairs: Vec::new(),
            smallest: Vec::new(),
            top_space: Vec::new(),
            start: Vec::new(),
            products,
            rounding: 0.0,
            status: SolverStatus::NotFinite,
        }
    }
}

/// How many pairs are wanted at each end of a spectrum.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) largest: usize,
    pub(super) smallest: usize,
}

impl Wanted {
    /// Places of the wanted among `available` values, largest first.
    pub(super) fn places(self, available: usize) -> Vec<usize> {
        let low = available.saturating_sub(self.smallest);
        (0..available)
            .filter(|&k| k < self.largest || k >= low)
            .collect()
    }
}

/// Orthonormal vectors, each with what it was found with.
#[derive(Default)]
pub(super) struct Block {
    /// Values of the vectors, largest first.
    pub(super) values: Vec<f64>,
    pub(super) vectors: Vec<Vec<f64>>,
    /// The products with the vectors, where they are known.
    images: Vec<Option<Vec<f64>>>,
    /// ‖Av − θv‖ as they were found, or made; 0 where that is not known.
    residuals: Vec<f64>,
}

/// What joins a [`Block`].
pub(super) struct Found {
    pub(super) value: f64,
    pub(super) vector: Vec<f64>,
    pub(super) image: Option<Vec<f64>>,
    pub(super) residual: f64,
}

impl Found {
    /// Without anything that is known of its product.
    pub(super) fn roughly(value: f64, vector: Vec<f64>) -> Self {
        Self {
            value,
            vector,
            image: None,
            residual: 0.0,
        }
    }
}

impl Block {
    /// Adds what of a vector is not in the block; a known image is taken for
    /// one of a vector that is orthogonal to the block.
    pub(super) fn push(&mut self, found: Found) {
        let Found {
            value,
            mut vector,
            image,
            residual,
        } = found;
        for _ in 0..2 {
            take_out(&self.vectors, &mut vector);
            let length = norm(&vector);
            // Two vectors of one direction: nothing new.
            if length < 1e-3 {
                return;
            }
            vector.iter_mut().for_each(|x| *x /= length);
        }
        let place = self.values.partition_point(|&other| other >= value);
        self.values.insert(place, value);
        self.vectors.insert(place, vector);
        self.images.insert(place, image);
        self.residuals.insert(place, residual);
    }

    /// Products that [`Self::rayleigh_ritz`] takes.
    pub(super) fn products(&self) -> usize {
        self.images.iter().filter(|image| image.is_none()).count()
    }

    /// ‖Av − θv‖ of each vector; 0 where that is not known.
    pub(super) fn residuals(&self) -> &[f64] {
        &self.residuals
    }

    /// √Σ‖Av − θv‖² over the vectors.
    pub(super) fn coupling(&self) -> f64 {
        norm(&self.residuals)
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn scale(&self) -> f64 {
        scale(&self.values)
    }

    /// Turns the block into Ritz vectors with their residuals, with one product
    /// for each whose product is not known. Absent where a number is not finite.
    pub(super) fn rayleigh_ritz(
        &mut self,
        operator: &(impl LinearOperator + ?Sized),
    ) -> Option<()> {
        let known = self.images.drain(..).zip(&self.vectors);
        let images: Vec<Vec<f64>> = known
            .map(|(image, v)| image.unwrap_or_else(|| operator.apply(v)))
            .collect();
        let size = self.len();
        let projected = DMatrix::from_fn(size, size, |i, j| dot(&self.vectors[i], &images[j]));
        let symmetric = (&projected + projected.transpose()) / 2.0;
        let Spectrum { values, vectors } = Spectrum::of(&symmetric)?;
        let turned = |all: &[Vec<f64>], k: usize| {
            let mut sum = vec![0.0; all[0].len()];
            for (row, v) in all.iter().enumerate() {
                axpy(vectors[(row, k)], v, &mut sum);
            }
            sum
        };
        let turned_vectors: Vec<Vec<f64>> = (0..size).map(|k| turned(&self.vectors, k)).collect();
        let residual = |k: usize| {
            let mut rest = turned(&images, k);
            axpy(-values[k], &turned_vectors[k], &mut rest);
            norm(&rest)
        };
        self.residuals = (0..size).map(residual).collect();
        self.images = vec![None; size];
        self.vectors = turned_vectors;
        self.values = values;
        self.residuals.iter().all(|r| r.is_finite()).then_some(())
    }
}

/// Eigenvalues of diag(M, B) and of (M Eᵀ; E B) differ by no more than this,
/// one by one in their order, for an eigenvalue of M at a distance `gap` from
/// all of B, ‖E‖ = `coupling` (Li & Li, 2005, Theorem 2): ‖E‖²/gap at most,
/// and ‖E‖ without a gap.
pub(super) fn quadratic_bound(coupling: f64, gap: f64) -> f64 {
    let squared = coupling * coupling;
    if squared == 0.0 {
        return coupling;
    }
    2.0 * squared / (gap + (gap * gap + 4.0 * squared).sqrt())
}

/// The places of the cluster that each of `values`, which are sorted, belongs
/// to: neighbours within `width` belong together.
pub(super) fn clusters(values: &[f64], width: f64) -> Vec<Range<usize>> {
    let mut clusters = Vec::with_capacity(values.len());
    for cluster in values.chunk_by(|a, b| (a - b).abs() <= width) {
        let first = clusters.len();
        clusters.extend(std::iter::repeat_n(
            first..first + cluster.len(),
            cluster.len(),
        ));
    }
    clusters
}

/// Cosines of the principal angles between the spans of two orthonormal sets,
/// largest first (Björck & Golub, 1973).
///
/// ```
/// use breakeven_empirical::solver::principal_cosines;
///
/// let cosines = principal_cosines(&[vec![1.0, 0.0]], &[vec![0.6, 0.8]]);
/// assert!((cosines[0] - 0.6).abs() < 1e-15);
/// ```
pub fn principal_cosines(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<f64> {
    let products = DMatrix::from_fn(a.len(), b.len(), |i, j| dot(&a[i], &b[j]));
    let cosines = products.singular_values();
    cosines.iter().map(|cosine| cosine.min(1.0)).collect()
}
