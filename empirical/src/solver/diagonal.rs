//! The diagonal by random probes.

use rand_chacha::ChaCha8Rng;

use super::rademacher;
use crate::operator::LinearOperator;

/// The diagonal of a matrix, a number for each parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Diagonal {
    /// The means over probes.
    pub values: Vec<f64>,
    /// Their standard errors; 0 where the diagonal is exact.
    pub standard_errors: Vec<f64>,
    /// Products that it took.
    pub products: usize,
}

/// The means of z ∘ Az over at least two random sign vectors z, whose variance at i
/// is the sum of all a_ij² off the diagonal (Bekas, Kokiopoulou & Saad, 2007); of a
/// matrix with no more dimensions than `probes` the diagonal itself. Absent where a
/// product is not finite.
///
/// ```
/// use breakeven_empirical::random::{Purpose, stream};
/// use breakeven_empirical::solver::diagonal;
/// use nalgebra::dmatrix;
///
/// let matrix = dmatrix![2.0, 1.0; 1.0, 3.0];
/// let found = diagonal(&matrix, 2, &mut stream(0, Purpose::Probes, 0));
/// assert_eq!(found.map(|found| found.values), Some(vec![2.0, 3.0]));
/// ```
pub fn diagonal(
    operator: &impl LinearOperator,
    probes: usize,
    rng: &mut ChaCha8Rng,
) -> Option<Diagonal> {
    let dim = operator.dim();
    if dim <= probes {
        return exact(operator);
    }
    let probes = probes.max(2);
    let (mut values, mut squares) = (vec![0.0; dim], vec![0.0; dim]);
    for probe in 1..=probes {
        let z = rademacher(dim, rng);
        let product = operator.apply(&z);
        // Welford's update, which loses no digits of a small variance.
        for (k, (z, az)) in z.into_iter().zip(product).enumerate() {
            let x = z * az;
            let off = x - values[k];
            values[k] += off / probe as f64;
            squares[k] += off * (x - values[k]);
        }
    }
    let freedom = (probes * (probes - 1)) as f64;
    let standard_errors = squares.into_iter().map(|s| (s / freedom).sqrt()).collect();
    let all_finite = values.iter().all(|x| x.is_finite());
    all_finite.then_some(Diagonal {
        values,
        standard_errors,
        products: probes,
    })
}

fn exact(operator: &impl LinearOperator) -> Option<Diagonal> {
    let dim = operator.dim();
    let at = |k: usize| {
        let mut unit = vec![0.0; dim];
        unit[k] = 1.0;
        operator.quadratic(&unit)
    };
    let values: Vec<f64> = (0..dim).map(at).collect();
    let all_finite = values.iter().all(|x| x.is_finite());
    all_finite.then_some(Diagonal {
        standard_errors: vec![0.0; dim],
        products: dim,
        values,
    })
}
