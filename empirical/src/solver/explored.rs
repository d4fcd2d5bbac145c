//! The directions in which a solver has applied an operator.

use std::cell::RefCell;

use super::{axpy, dot, most_vectors, norm};
use crate::operator::LinearOperator;

/// Cosine up to which two directions count as orthogonal as they are.
const ORTHOGONAL: f64 = 1e-10;

/// What must be left of a direction outside the others: its product is then
/// not made of cancelled digits.
const LEAST_LEFT: f64 = 0.1;

/// Passes products on and remembers an orthonormal basis of the vectors that
/// were multiplied, with their products.
///
/// Eigenvalue solvers explore a space that holds the leading eigenvectors. For
/// every v of an orthonormal basis of it vᵀAv is then known without another
/// product: what [`super::trace`] need not estimate.
///
/// ```
/// use breakeven_empirical::operator::LinearOperator;
/// use breakeven_empirical::solver::Explored;
/// use nalgebra::dmatrix;
///
/// let matrix = dmatrix![2.0, 1.0; 1.0, 3.0];
/// let explored = Explored::new(&matrix, 8);
/// explored.apply(&[5.0, 0.0]);
/// assert_eq!(explored.into_known(), [(2.0, vec![1.0, 0.0])]);
/// ```
pub struct Explored<'a, A: ?Sized> {
    operator: &'a A,
    most: usize,
    directions: RefCell<Vec<Direction>>,
}

/// A unit vector and its product.
struct Direction {
    v: Vec<f64>,
    product: Vec<f64>,
}

impl<'a, A: LinearOperator + ?Sized> Explored<'a, A> {
    /// Remembers up to `most` directions, the first ones; fewer where they and
    /// their products would hold more than 2²⁸ numbers.
    pub fn new(operator: &'a A, most: usize) -> Self {
        Self {
            most: most.min(most_vectors(operator.dim()) / 2),
            operator,
            directions: RefCell::new(Vec::new()),
        }
    }

    /// Each direction v with vᵀAv.
    pub fn into_known(self) -> Vec<(f64, Vec<f64>)> {
        let directions = self.directions.into_inner().into_iter();
        directions
            .map(|Direction { v, product }| (dot(&v, &product), v))
            .collect()
    }

    fn remember(&self, v: &[f64], product: &[f64]) {
        let mut directions = self.directions.borrow_mut();
        let length = norm(v);
        if directions.len() >= self.most || !length.is_normal() || !norm(product).is_finite() {
            return;
        }
        let mut new = Direction {
            v: v.iter().map(|x| x / length).collect(),
            product: product.iter().map(|x| x / length).collect(),
        };
        // The second pass takes out what rounding left of the first.
        for _ in 0..2 {
            let along: Vec<f64> = directions.iter().map(|old| dot(&old.v, &new.v)).collect();
            if along.iter().all(|along| along.abs() <= ORTHOGONAL) {
                break;
            }
            for (old, along) in directions.iter().zip(along) {
                axpy(-along, &old.v, &mut new.v);
                axpy(-along, &old.product, &mut new.product);
            }
            let left = norm(&new.v);
            if left < LEAST_LEFT {
                return;
            }
            new.v.iter_mut().for_each(|x| *x /= left);
            new.product.iter_mut().for_each(|x| *x /= left);
        }
        directions.push(new);
    }
}

impl<A: LinearOperator + ?Sized> LinearOperator for Explored<'_, A> {
    fn dim(&self) -> usize {
        self.operator.dim()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        let product = self.operator.apply(v);
        self.remember(v, &product);
        product
    }

    fn quadratic(&self, v: &[f64]) -> f64 {
        self.operator.quadratic(v)
    }

    fn rounding(&self, scale: f64) -> f64 {
        self.operator.rounding(scale)
    }
}
