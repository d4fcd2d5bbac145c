//! Error bounds and multiplicities that Lanczos states, over random spectra.

use breakeven_empirical::operator::LinearOperator;
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::solver::{Eigenpair, Lanczos};
use breakeven_sim::record::{BoundKind, SolverStatus};
use nalgebra::DMatrix;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::dense::Dense;
use crate::solver::{Case, assert_honest, assert_largest, cases, searched, start};
use crate::tolerance;

/// A diagonal matrix: to a search from Gaussian directions, which no basis is
/// special to, as good as any of its eigenvalues.
struct Diagonal(Vec<f64>);

impl LinearOperator for Diagonal {
    fn dim(&self) -> usize {
        self.0.len()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        self.0.iter().zip(v).map(|(a, v)| a * v).collect()
    }
}

/// A spectrum of 20 to 90 numbers, largest first: a bulk, and at each end
/// outliers, clusters, repeated values or none.
fn random_spectrum(rng: &mut ChaCha8Rng) -> Vec<f64> {
    let bulk = rng.random_range(20..70);
    let lowest = [0.0, -0.3, -1.0][rng.random_range(0..3)];
    let low_rank = rng.random_bool(0.2);
    let mut values: Vec<f64> = (0..bulk)
        .map(|_| match low_rank {
            true => 0.0,
            false => rng.random_range(lowest..1.0),
        })
        .collect();
    for sign in [1.0, -1.0] {
        for _ in 0..rng.random_range(0..4) {
            let centre = sign * rng.random_range(0.8..4.0);
            let width = 10_f64.powf(rng.random_range(-12.0..-0.5));
            let repeated = rng.random_bool(0.3);
            for _ in 0..rng.random_range(1..5) {
                let off = if repeated {
                    0.0
                } else {
                    rng.random_range(0.0..width)
                };
                values.push(centre + off);
            }
        }
    }
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

/// How far a pair is outside its bound on the distance to `expected`, with
/// room for the rounding of a sum of 90 terms.
fn outside(pair: &Eigenpair, expected: f64, scale: f64) -> bool {
    (pair.value - expected).abs() > pair.error_bound + f64::EPSILON * scale
}

/// What a search starts from, given the dimension.
type Starts = fn(usize, &mut ChaCha8Rng) -> Vec<Vec<f64>>;

const NO_START: Starts = |_, _| Vec::new();

/// Up to four eigenvectors of any place, exact or with some noise.
const MISLEADING: Starts = |dim, rng| {
    let noise = [0.0, 1e-8, 1e-3, 0.3][rng.random_range(0..4)];
    let count = rng.random_range(1..=4);
    let mut near = |_| -> Vec<f64> {
        let place = rng.random_range(0..dim);
        let entry = |k| f64::from(u8::from(k == place)) + noise * rng.random_range(-1.0..1.0);
        (0..dim).map(entry).collect()
    };
    (0..count).map(&mut near).collect()
};

/// The share of values outside their bounds over random spectra, and of all.
fn share_outside(
    tolerances: &[f64],
    seeds: std::ops::Range<u64>,
    starts: Starts,
) -> (usize, usize) {
    let (mut wrong, mut all) = (0, 0);
    for seed in seeds {
        let mut rng = stream(seed, Purpose::Init, 1);
        let spectrum = random_spectrum(&mut rng);
        let scale = spectrum.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let (count, smallest) = (rng.random_range(1..6), rng.random_range(0..3));
        let tolerance = tolerances[rng.random_range(0..tolerances.len())];
        let a = Diagonal(spectrum.clone());
        let from = starts(a.dim(), &mut rng);
        let found = searched(count, smallest, tolerance).solve(&a, &from, &mut start(seed));
        assert_eq!(found.status, SolverStatus::Converged, "seed {seed}");
        assert_eq!((found.pairs.len(), found.smallest.len()), (count, smallest));
        let low = spectrum.iter().rev();
        let pairs = found.pairs.iter().zip(&spectrum);
        for (pair, &expected) in pairs.chain(found.smallest.iter().zip(low)) {
            all += 1;
            // Within its bound of some eigenvalue, always.
            let nearest = spectrum.iter().map(|x| (x - pair.value).abs());
            let nearest = nearest.fold(f64::INFINITY, f64::min);
            let residual = match pair.bound_kind {
                BoundKind::Complete => pair.error_bound,
                _ => pair.residual + found.rounding,
            };
            assert!(nearest <= residual + f64::EPSILON * scale, "seed {seed}");
            wrong += usize::from(outside(pair, expected, scale));
        }
    }
    (wrong, all)
}

#[test]
fn no_value_of_ten_thousand_spectra_is_outside_its_bound() {
    let (wrong, all) = share_outside(&[1e-3, 1e-4, 1e-6, 1e-9, 1e-12], 0..10_000, NO_START);
    assert!(all > 20_000);
    assert_eq!(wrong, 0, "of {all}");
}

/// As the search for H's starts from K's: a start may save products, no more.
#[test]
fn whatever_it_starts_from_no_value_is_outside_its_bound() {
    let tolerances = [1e-3, 1e-4, 1e-6, 1e-9, 1e-12];
    let (wrong, all) = share_outside(&tolerances, 30_000..34_000, MISLEADING);
    assert!(all > 8_000);
    assert_eq!(wrong, 0, "of {all}");
}

#[test]
fn at_loose_tolerances_few_values_are_those_of_another_place() {
    let (wrong, all) = share_outside(&[0.3, 0.1, 0.03, 0.01], 20_000..22_000, NO_START);
    let share = wrong as f64 / all as f64;
    assert!(share < tolerance::OF_ANOTHER_PLACE, "{wrong} of {all}");
}

#[test]
fn multiplicities_are_counted_at_both_ends() {
    let spectrum: Vec<f64> = [vec![5.0; 9], vec![3.0], vec![0.0; 70], vec![-2.0; 3]].concat();
    let solvers = [(1, 1), (2, 0), (9, 3), (10, 4), (11, 0)];
    for (count, smallest) in solvers {
        for seed in 0..10 {
            let a = Diagonal(spectrum.clone());
            let found = searched(count, smallest, 1e-6).solve(&a, &[], &mut start(seed));
            for (pair, &expected) in found.pairs.iter().zip(&spectrum) {
                assert!(
                    !outside(pair, expected, 5.0),
                    "{} and {expected}",
                    pair.value
                );
                // Nobody counts the null space.
                let expected = [None, Some(1), Some(9)][match expected {
                    0.0 => 0,
                    3.0 => 1,
                    _ => 2,
                }];
                assert_eq!(pair.multiplicity, expected, "{count}");
            }
            for (pair, &expected) in found.smallest.iter().zip(spectrum.iter().rev()) {
                assert!(!outside(pair, expected, 5.0));
                let expected = if expected == 0.0 { None } else { Some(3) };
                assert_eq!(pair.multiplicity, expected);
            }
            assert_eq!(found.top_space("A").unwrap().len(), 9);
            let refused = found.top_vector("A").unwrap_err();
            assert!(refused.contains("repeated (9 times"), "{refused}");
        }
    }
}

/// A low rank in 32 bits: where nothing is left but rounding, no direction can say
/// that no small eigenvalue hides in it, and the search ends all the same.
#[test]
fn a_search_over_nothing_but_rounding_ends_soon() {
    struct Single(Diagonal);

    impl LinearOperator for Single {
        fn dim(&self) -> usize {
            self.0.dim()
        }

        fn apply(&self, v: &[f64]) -> Vec<f64> {
            self.0.apply(v)
        }

        fn rounding(&self, scale: f64) -> f64 {
            16.0 * f64::from(f32::EPSILON) * scale
        }
    }

    let values = [1.0, 0.5, 1e-4, 0.0];
    let a = Single(Diagonal([&values[..], &[0.0; 19_996]].concat()));
    for count in 1..=4 {
        let found = searched(count, 0, 1e-6).solve(&a, &[], &mut start(0));
        assert_eq!(found.status, SolverStatus::Converged);
        assert!(found.products < 40, "{count}: {}", found.products);
        for (pair, expected) in found.pairs.iter().zip(values) {
            assert!((pair.value - expected).abs() <= pair.error_bound, "{count}");
            assert!(pair.error_bound < 1e-5, "{count}: {}", pair.error_bound);
        }
    }
}

/// A vector of few entries is orthogonal to half of all vectors of signs.
#[test]
fn an_eigenvector_of_few_entries_is_seen_from_every_seed() {
    let mut matrix = DMatrix::zeros(80, 80);
    let e =
        nalgebra::DVector::from_fn(80, |k, _| [0.5, -0.5, 0.5, -0.5].get(k).map_or(0.0, |x| *x));
    matrix += 0.2 * &e * e.transpose();
    for k in 4..80 {
        matrix[(k, k)] = 0.179 * k as f64 / 79.0;
    }
    let a = Dense(matrix);
    for seed in 0..200 {
        let found = Lanczos::new(1, 1e-6).solve(&a, &[], &mut start(seed));
        let top = &found.pairs[0];
        assert!((top.value - 0.2).abs() <= top.error_bound, "seed {seed}");
        assert!(top.error_bound < 1e-6);
        assert_eq!(
            (top.bound_kind, top.multiplicity),
            (BoundKind::Searched, Some(1))
        );
    }
}

#[test]
fn a_search_without_fresh_directions_calls_its_bounds_what_they_are() {
    let spectrum: Vec<f64> = (0..90).map(|k| f64::from(k) / 90.0).collect();
    let a = Dense::with_spectrum(&spectrum, 4);
    let solver = Lanczos {
        fresh_directions: false,
        ..Lanczos::new(2, 1e-3)
    };
    for pair in solver.solve(&a, &[], &mut start(1)).pairs {
        assert!(matches!(
            pair.bound_kind,
            BoundKind::GapEstimate | BoundKind::Residual
        ));
        assert_eq!(pair.multiplicity, None);
    }
}

#[test]
fn values_that_rounding_alone_may_have_made_are_zero() {
    let spectrum: Vec<f64> = [vec![1.0, 0.5], vec![1e-17; 30], vec![-1e-17; 40]].concat();
    let a = Dense::with_spectrum(&spectrum, 3);
    for solver in [searched(4, 1, 1e-6), Lanczos::both_ends(4, 1, 1e-6)] {
        let found = solver.solve(&a, &[], &mut start(2));
        let values: Vec<f64> = found.pairs.iter().map(|pair| pair.value).collect();
        assert_eq!(values[2..], [0.0, 0.0]);
        assert_eq!(found.smallest[0].value, 0.0);
        assert!(found.pairs[2].error_bound > 0.0);
    }
}

/// Whether the largest eigenvalue stands clear of the next different one.
fn isolated(spectrum: &[f64]) -> bool {
    let mut values = spectrum.to_vec();
    values.sort_by(|a, b| b.total_cmp(a));
    values.dedup();
    let scale = values.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    values
        .get(1)
        .is_none_or(|next| values[0] - next > 0.2 * scale)
}

#[test]
fn the_bound_of_an_isolated_eigenvalue_bounds_its_error() {
    let cases: Vec<Case> = cases()
        .into_iter()
        .filter(|case| isolated(&case.spectrum))
        .collect();
    assert_eq!(cases.len(), 5);
    for Case { name, spectrum, .. } in cases {
        for tolerance in [1e-2, 1e-3, 1e-4] {
            for seed in 0..100 {
                let a = Dense::with_spectrum(&spectrum, seed);
                let found = searched(1, 0, tolerance).solve(&a, &[], &mut start(seed));
                assert_eq!(found.status, SolverStatus::Converged, "{name}");
                assert_honest(name, &a, &found);
                assert_largest(name, &a, &found);
                let Eigenpair {
                    value, error_bound, ..
                } = found.pairs[0];
                assert!(error_bound <= tolerance * value.abs(), "{name}");
            }
        }
    }
}
