//! Lanczos on matrices whose eigenvalues are known.

use breakeven_empirical::operator::LinearOperator;
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::solver::{Eigenpair, Eigenpairs, Lanczos, principal_cosines};
use breakeven_sim::record::SolverStatus;
use nalgebra::DMatrix;
use rand_chacha::ChaCha8Rng;

use crate::dense::Dense;
use crate::tolerance;

/// A spectrum, and how many of its largest eigenvalues are asked for.
pub struct Case {
    pub name: &'static str,
    pub spectrum: Vec<f64>,
    pub count: usize,
}

pub fn cases() -> Vec<Case> {
    let bulk = |n: usize| (0..n).map(move |k| k as f64 / n as f64);
    let case = |name, spectrum: Vec<f64>, count| Case {
        name,
        spectrum,
        count,
    };
    vec![
        case("one by one", vec![-2.5], 1),
        case("two by two", vec![3.0, -7.0], 2),
        case(
            "outliers over a bulk, as of a Hessian",
            [93.0, 21.0, 20.0, 8.0]
                .into_iter()
                .chain(bulk(56))
                .collect(),
            4,
        ),
        case(
            "a cluster at the top",
            [5.0, 5.0 - 1e-4, 5.0 - 2e-4]
                .into_iter()
                .chain(bulk(40))
                .collect(),
            3,
        ),
        case(
            "repeated at the top",
            [4.0, 4.0, 4.0].into_iter().chain(bulk(30)).collect(),
            2,
        ),
        case("all negative", (1..=40).map(|k| -f64::from(k)).collect(), 3),
        case(
            "the largest in size is negative",
            [-100.0, 2.0, 1.9].into_iter().chain(bulk(30)).collect(),
            2,
        ),
        case(
            "of rank 2",
            [6.0, 0.5]
                .into_iter()
                .chain(std::iter::repeat_n(0.0, 38))
                .collect(),
            4,
        ),
        case(
            "tiny numbers",
            (1..=25).map(|k| 1e-12 * f64::from(k)).collect(),
            2,
        ),
        case(
            "huge numbers",
            (1..=25).map(|k| 1e12 * f64::from(k)).collect(),
            2,
        ),
        case("dense and without gaps", bulk(120).collect(), 3),
    ]
}

pub fn start(seed: u64) -> ChaCha8Rng {
    stream(seed, Purpose::Start, 0)
}

pub fn norm(v: &[f64]) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// ‖Av − θv‖, computed anew.
fn residual(a: &impl LinearOperator, pair: &Eigenpair) -> f64 {
    let product = a.apply(&pair.vector);
    let rest: Vec<f64> = product
        .iter()
        .zip(&pair.vector)
        .map(|(av, v)| av - pair.value * v)
        .collect();
    norm(&rest)
}

/// What must hold of every pair, whatever the status: unit vectors, true
/// residuals, and an eigenvalue within the bound.
#[track_caller]
pub fn assert_honest(name: &str, a: &Dense, found: &Eigenpairs) {
    let truth = a.eigenvalues();
    let scale = truth.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let rounding = tolerance::DENSE * scale;
    for (k, pair) in found.pairs.iter().enumerate() {
        assert!(
            (norm(&pair.vector) - 1.0).abs() < tolerance::DENSE,
            "{name}"
        );
        let r = residual(a, pair);
        assert!(
            (r - pair.residual).abs() <= rounding,
            "{name}, pair {k}: residual {r:e}, said {:e}",
            pair.residual
        );
        let error = truth
            .iter()
            .map(|x| (x - pair.value).abs())
            .fold(f64::INFINITY, f64::min);
        assert!(
            error <= pair.error_bound + rounding,
            "{name}, pair {k}: error {error:e}, bound {:e}",
            pair.error_bound
        );
    }
    for pairs in found.pairs.windows(2) {
        assert!(pairs[0].value >= pairs[1].value, "{name}: largest first");
        let overlap: f64 = pairs[0]
            .vector
            .iter()
            .zip(&pairs[1].vector)
            .map(|(a, b)| a * b)
            .sum();
        assert!(overlap.abs() < tolerance::DENSE, "{name}: not orthogonal");
    }
}

/// The k-th value is within its own bound of the k-th eigenvalue.
#[track_caller]
pub fn assert_largest(name: &str, a: &Dense, found: &Eigenpairs) {
    let truth = a.eigenvalues();
    let scale = truth.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    for (pair, expected) in found.pairs.iter().zip(&truth) {
        let error = (pair.value - expected).abs();
        assert!(
            error <= pair.error_bound + tolerance::DENSE * scale,
            "{name}: {} is {error:e} from {expected}, its bound is {:e}",
            pair.value,
            pair.error_bound
        );
    }
}

/// The search itself, where a small matrix would be written out.
pub fn searched(count: usize, smallest: usize, tolerance: f64) -> Lanczos {
    Lanczos {
        complete_up_to: 0,
        ..Lanczos::both_ends(count, smallest, tolerance)
    }
}

#[test]
fn eigenvalues_of_every_spectrum_are_found_to_full_accuracy() {
    for Case {
        name,
        spectrum,
        count,
    } in cases()
    {
        for seed in 0..5 {
            let a = Dense::with_spectrum(&spectrum, seed);
            for solver in [Lanczos::new(count, 1e-12), searched(count, 0, 1e-12)] {
                let found = solver.solve(&a, &[], &mut start(seed));
                assert_eq!(found.status, SolverStatus::Converged, "{name}");
                assert_eq!(found.pairs.len(), count, "{name}");
                assert_honest(name, &a, &found);
                assert_largest(name, &a, &found);
            }
        }
    }
}

#[test]
fn cosines_of_principal_angles_do_not_depend_on_the_bases() {
    let unit = |k: usize| {
        (0..4)
            .map(|j| f64::from(u8::from(j == k)))
            .collect::<Vec<f64>>()
    };
    let turned = |angle: f64, i: usize, j: usize| -> Vec<f64> {
        let (a, b) = (unit(i), unit(j));
        let (sin, cos) = angle.sin_cos();
        a.iter().zip(&b).map(|(a, b)| cos * a + sin * b).collect()
    };
    // The plane of e₀ and e₁ against that of e₀ and of one 0.3 from e₁.
    let a = [
        turned(0.7, 0, 1),
        turned(0.7 + std::f64::consts::FRAC_PI_2, 0, 1),
    ];
    let b = [unit(0), turned(0.3, 1, 2)];
    let cosines = principal_cosines(&a, &b);
    assert!((cosines[0] - 1.0).abs() < tolerance::DENSE && cosines[0] <= 1.0);
    assert!((cosines[1] - 0.3_f64.cos()).abs() < tolerance::DENSE);
}

#[test]
fn eigenvalues_of_random_matrices_are_nalgebras() {
    for dim in [2, 3, 5, 17, 64] {
        for seed in 0..4 {
            let a = Dense::random(dim, seed);
            let found = searched(3, 0, 1e-12).solve(&a, &[], &mut start(seed));
            assert_eq!(found.pairs.len(), dim.min(3));
            assert_honest("random", &a, &found);
            assert_largest("random", &a, &found);
        }
    }
}

#[test]
fn restarts_change_nothing_but_the_number_of_products() {
    let spectrum: Vec<f64> = (0..80).map(|k| (f64::from(k) / 80.0).powi(3)).collect();
    let a = Dense::with_spectrum(&spectrum, 7);
    let whole = Lanczos {
        max_products: 500,
        max_basis: 80,
        ..Lanczos::new(2, 1e-12)
    };
    let reference = whole.solve(&a, &[], &mut start(1));
    for max_basis in [5, 8, 20] {
        let restarted = Lanczos { max_basis, ..whole };
        let found = restarted.solve(&a, &[], &mut start(1));
        assert_eq!(
            found.status,
            SolverStatus::Converged,
            "max_basis {max_basis}"
        );
        assert!(found.products > max_basis, "it was not restarted");
        assert!(found.products >= reference.products);
        assert_honest("restarted", &a, &found);
        assert_largest("restarted", &a, &found);
    }
}

#[test]
fn a_warm_start_needs_fewer_products_and_finds_the_same() {
    let spectrum: Vec<f64> = [30.0, 12.0]
        .into_iter()
        .chain((0..98).map(|k| f64::from(k) / 98.0))
        .collect();
    let a = Dense::with_spectrum(&spectrum, 2);
    let solver = Lanczos::new(1, 1e-8);
    let cold = solver.solve(&a, &[], &mut start(0));
    // The matrix of the next measurement: a little moved.
    let moved = Dense(&a.0 + 0.01 * Dense::random(100, 3).0);
    let warm_from: Vec<Vec<f64>> = cold.pairs.iter().map(|pair| pair.vector.clone()).collect();
    let warm = solver.solve(&moved, &warm_from, &mut start(0));
    let cold = solver.solve(&moved, &[], &mut start(0));
    assert!(
        warm.products < cold.products,
        "{} and {}",
        warm.products,
        cold.products
    );
    assert_honest("warm", &moved, &warm);
    assert_largest("warm", &moved, &warm);
}

#[test]
fn more_eigenvalues_than_dimensions_are_all_there_are() {
    let a = Dense::with_spectrum(&[1.0, 2.0, 3.0], 0);
    let found = Lanczos::new(10, 1e-10).solve(&a, &[], &mut start(0));
    assert_eq!(found.pairs.len(), 3);
    assert_eq!(found.status, SolverStatus::Converged);
    assert_largest("all", &a, &found);
}

#[test]
fn the_zero_matrix_has_eigenvalue_zero() {
    let a = Dense(DMatrix::zeros(12, 12));
    let found = Lanczos::new(1, 1e-6).solve(&a, &[], &mut start(0));
    assert_eq!(found.status, SolverStatus::Converged);
    assert_eq!(found.pairs[0].value, 0.0);
    assert_eq!(found.pairs[0].error_bound, 0.0);
}
