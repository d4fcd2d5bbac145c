//! Lanczos, Hutchinson's trace and the spectral density on matrices whose
//! eigenvalues are known.

use breakeven_empirical::operator::LinearOperator;
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::solver::{
    Eigenpair, Eigenpairs, Explored, LEAST_PROBES, Lanczos, Trace, TraceSettings,
    check_determinism, hutchinson, principal_cosines, spectral_density, trace,
};
use breakeven_sim::meter::{Meter, Parts};
use breakeven_sim::record::{BoundKind, SolverStatus};
use nalgebra::DMatrix;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::dense::{Dense, Spoilt};
use crate::tolerance;

/// A spectrum, and how many of its largest eigenvalues are asked for.
struct Case {
    name: &'static str,
    spectrum: Vec<f64>,
    count: usize,
}

fn cases() -> Vec<Case> {
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

fn start(seed: u64) -> ChaCha8Rng {
    stream(seed, Purpose::Start, 0)
}

fn norm(v: &[f64]) -> f64 {
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
fn assert_honest(name: &str, a: &Dense, found: &Eigenpairs) {
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
fn assert_largest(name: &str, a: &Dense, found: &Eigenpairs) {
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
fn searched(count: usize, smallest: usize, tolerance: f64) -> Lanczos {
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

/// The share of values outside their bounds over random spectra, and of all.
fn share_outside(tolerances: &[f64], seeds: std::ops::Range<u64>) -> (usize, usize) {
    let (mut wrong, mut all) = (0, 0);
    for seed in seeds {
        let mut rng = stream(seed, Purpose::Init, 1);
        let spectrum = random_spectrum(&mut rng);
        let scale = spectrum.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let (count, smallest) = (rng.random_range(1..6), rng.random_range(0..3));
        let tolerance = tolerances[rng.random_range(0..tolerances.len())];
        let a = Diagonal(spectrum.clone());
        let found = searched(count, smallest, tolerance).solve(&a, &[], &mut start(seed));
        assert_eq!(found.status, SolverStatus::Converged, "seed {seed}");
        assert_eq!((found.pairs.len(), found.smallest.len()), (count, smallest));
        let low = spectrum.iter().rev();
        let pairs = found.pairs.iter().zip(&spectrum);
        for (pair, &expected) in pairs.chain(found.smallest.iter().zip(low)) {
            all += 1;
            // Within its bound of some eigenvalue, always.
            let nearest = spectrum.iter().map(|x| (x - pair.value).abs());
            let nearest = nearest.fold(f64::INFINITY, f64::min);
            let residual = pair.residual + found.rounding;
            assert!(nearest <= residual + f64::EPSILON * scale, "seed {seed}");
            wrong += usize::from(outside(pair, expected, scale));
        }
    }
    (wrong, all)
}

#[test]
fn no_value_of_ten_thousand_spectra_is_outside_its_bound() {
    let (wrong, all) = share_outside(&[1e-3, 1e-4, 1e-6, 1e-9, 1e-12], 0..10_000);
    assert!(all > 20_000);
    assert_eq!(wrong, 0, "of {all}");
}

#[test]
fn at_loose_tolerances_few_values_are_those_of_another_place() {
    let (wrong, all) = share_outside(&[0.3, 0.1, 0.03, 0.01], 20_000..22_000);
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

#[test]
fn out_of_products_is_said_and_the_best_found_is_honest() {
    let spectrum: Vec<f64> = (0..60).map(|k| f64::from(k) / 60.0).collect();
    let a = Dense::with_spectrum(&spectrum, 4);
    for max_products in [1, 3, 6, 30] {
        let solver = Lanczos {
            max_products,
            ..searched(2, 0, 1e-10)
        };
        let found = solver.solve(&a, &[], &mut start(0));
        assert_eq!(found.status, SolverStatus::OutOfProducts);
        assert_eq!(found.products, max_products);
        assert_eq!(found.pairs.len(), max_products.min(2));
        assert_honest("out of products", &a, &found);
    }
}

#[test]
fn a_product_that_is_not_finite_gives_no_eigenvalue() {
    let spectrum: Vec<f64> = (0..60).map(f64::from).collect();
    for bad in [f64::NAN, f64::INFINITY] {
        for good in [0, 1, 5, 20, 45] {
            let a = Dense::with_spectrum(&spectrum, 4);
            let a = Spoilt::new(a, good, |product| product[7] = bad);
            let solver = Lanczos {
                max_basis: 10,
                ..searched(1, 0, 1e-14)
            };
            let found = solver.solve(&a, &[], &mut start(0));
            assert_eq!(found.status, SolverStatus::NotFinite, "after {good}");
            assert_eq!(found.products, good + 1);
            assert_eq!(found.pairs, []);
        }
    }
}

#[test]
fn a_density_of_products_that_are_not_finite_is_absent() {
    for good in [0, 4, 9] {
        let a = Spoilt::new(Dense::random(20, 1), good, |product| product[0] = f64::NAN);
        let mut rng = stream(1, Purpose::Probes, 0);
        assert_eq!(spectral_density(&a, 2, 5, &mut rng), None, "after {good}");
    }
}

#[test]
fn numbers_too_large_to_be_squared_give_no_eigenvalue() {
    let a = Dense::with_spectrum(&[3e300, 2e300, 1e300, 0.0, 0.0], 0);
    let found = Lanczos::new(1, 1e-6).solve(&a, &[], &mut start(0));
    assert_eq!(found.status, SolverStatus::NotFinite);
    assert_eq!(found.pairs, []);
}

#[test]
fn a_trace_by_probes_is_exact_for_diagonal_matrices() {
    let diagonal = nalgebra::DVector::from_fn(50, |k, _| (k as f64).sin());
    let a = Dense(DMatrix::from_diagonal(&diagonal));
    for probes in [1, 2, 9] {
        let mut rng = stream(3, Purpose::Probes, 0);
        let estimate = hutchinson(&a, probes, &mut rng);
        assert!((estimate.trace - diagonal.sum()).abs() < tolerance::DENSE);
        match estimate.standard_error {
            None => assert_eq!(probes, 1),
            Some(error) => assert!(probes > 1 && error < tolerance::DENSE),
        }
    }
}

/// Var(zᵀAz) = 2 Σ_{i≠j} a_ij² for random signs z (Hutchinson, 1990).
fn probe_variance(a: &DMatrix<f64>) -> f64 {
    2.0 * (a.norm_squared() - a.diagonal().norm_squared())
}

#[test]
fn a_trace_by_probes_is_unbiased_and_its_standard_error_right() {
    let a = Dense::random(30, 5);
    let probes = 20_000;
    let estimate = hutchinson(&a, probes, &mut stream(11, Purpose::Probes, 0));
    let expected = (probe_variance(&a.0) / probes as f64).sqrt();
    let z = (estimate.trace - a.0.trace()) / expected;
    assert!(z.abs() < tolerance::NORMAL_QUANTILE, "z = {z}");
    let ratio = estimate.standard_error.unwrap() / expected;
    assert!((ratio - 1.0).abs() < tolerance::STANDARD_ERROR, "{ratio}");
}

#[test]
fn the_standard_error_covers_the_trace_as_often_as_it_should() {
    let a = Dense::random(30, 6);
    let exact = a.0.trace();
    let covered = (0..1000)
        .filter(|&index| {
            let estimate = hutchinson(&a, 50, &mut stream(12, Purpose::Probes, index));
            // Student's t with 49 degrees of freedom, 95 %.
            (estimate.trace - exact).abs() <= 2.0096 * estimate.standard_error.unwrap()
        })
        .count();
    // Binomial(1000, 0.95): 950 ± 4.9 · 6.9, two-sided α = 1e-6.
    assert!((916..=984).contains(&covered), "{covered} of 1000");
}

/// One part in a hundred, or a hundred probes.
const DEFAULT: TraceSettings = TraceSettings {
    tolerance: 0.01,
    most_probes: 100,
};

/// As few probes as there may be, and no sketch.
const SHORTEST: TraceSettings = TraceSettings {
    tolerance: f64::MAX,
    most_probes: 100,
};

type Known = Vec<(f64, Vec<f64>)>;

fn estimated(a: &Dense, known: &Known, settings: TraceSettings, index: u64) -> Trace {
    let mut rng = stream(12, Purpose::Probes, index);
    trace(a, known, settings, &mut rng, &Meter::new())
}

/// `count` orthonormal vectors that have nothing to do with A, with vᵀAv.
fn any_directions(a: &Dense, count: usize, seed: u64) -> Known {
    let dim = a.0.nrows();
    let q = Dense::random(dim, seed).0.qr().q();
    let with_value = |v: nalgebra::DVector<f64>| (v.dot(&(&a.0 * &v)), v.as_slice().to_vec());
    let columns = q.column_iter().take(count);
    columns.map(|v| with_value(v.into_owned())).collect()
}

/// The eigenvectors of the `count` largest eigenvalues, by nalgebra.
fn leading_eigenvectors(a: &Dense, count: usize) -> Known {
    let nalgebra::SymmetricEigen {
        eigenvalues,
        eigenvectors,
    } = nalgebra::SymmetricEigen::new(a.0.clone());
    let mut order: Vec<usize> = (0..eigenvalues.len()).collect();
    order.sort_by(|&i, &j| eigenvalues[j].total_cmp(&eigenvalues[i]));
    let pair = |&k: &usize| (eigenvalues[k], eigenvectors.column(k).as_slice().to_vec());
    order[..count].iter().map(pair).collect()
}

/// Outliers over a bulk, as a Hessian's: 200 dimensions, trace 164.
fn outliers_over_a_bulk(seed: u64) -> Dense {
    let bulk = (0..194).map(|k| (f64::from(k) - 60.0) / 200.0);
    let spectrum: Vec<f64> = [60.0, 25.0, 20.0, 12.0, 8.0, 3.0]
        .into_iter()
        .chain(bulk)
        .collect();
    Dense::with_spectrum(&spectrum, seed)
}

#[test]
fn the_trace_is_unbiased_whatever_directions_are_known() {
    let a = Dense::random(110, 5);
    let exact = a.0.trace();
    for count in [0, 1, 20, 100] {
        let known = any_directions(&a, count, 6);
        let estimates: Vec<f64> = (0..3000)
            .map(|index| {
                let found = estimated(&a, &known, SHORTEST, index);
                assert_eq!(found.probes, LEAST_PROBES);
                assert_eq!(found.exact_directions, count);
                found.value
            })
            .collect();
        let many = estimates.len() as f64;
        let mean = estimates.iter().sum::<f64>() / many;
        let squares: f64 = estimates.iter().map(|x| (x - mean).powi(2)).sum();
        let z = (mean - exact) / (squares / many / many).sqrt();
        assert!(
            z.abs() < tolerance::NORMAL_QUANTILE,
            "{count} known: z = {z}"
        );
        // What is left after the known directions is P A P.
        let v = DMatrix::from_fn(110, count, |row, column| known[column].1[row]);
        let p = DMatrix::identity(110, 110) - &v * v.transpose();
        let expected = probe_variance(&(&p * &a.0 * &p)) / LEAST_PROBES as f64;
        let ratio = squares / many / expected;
        // 3,000 samples show a variance to √(2/3000), about 2.6 %.
        assert!((ratio - 1.0).abs() < 0.13, "{count} known: {ratio}");
    }
}

#[test]
fn the_trace_stops_at_its_tolerance_and_its_error_covers_the_truth() {
    let (mut covered, mut probes) = (0, 0);
    for index in 0..1000 {
        let a = outliers_over_a_bulk(index % 10);
        let exact = a.0.trace();
        let known = leading_eigenvectors(&a, 5);
        let found = estimated(&a, &known, DEFAULT, index);
        assert_eq!(found.status, SolverStatus::Converged);
        assert!(found.standard_error <= 0.01 * found.value.abs());
        assert!((LEAST_PROBES..=100).contains(&found.probes));
        probes += found.probes;
        let within = (found.value - exact).abs() <= 2.0 * found.standard_error;
        covered += usize::from(within);
    }
    // Student's t with 9 to 30 degrees of freedom is within ±2 in 92 to 95 % of
    // cases; the stop takes what docs/measuring.md says of that. Binomial with
    // 0.9 and 1,000: 900 ± 4.9 · 9.5.
    assert!((853..=960).contains(&covered), "{covered} of 1000");
    // Hutchinson's takes (√2‖A‖/(0.01 Tr A))², here over 30,000.
    assert!(probes < 60 * 1000, "{probes}");
}

#[test]
fn a_sketch_finds_the_directions_that_nobody_knew() {
    for index in 0..20 {
        let a = outliers_over_a_bulk(index);
        let found = estimated(&a, &Known::new(), DEFAULT, index);
        assert!(found.exact_directions >= LEAST_PROBES);
        assert!(found.probes <= 100);
        let alone = hutchinson(&a, 100, &mut stream(13, Purpose::Probes, index));
        let error = alone.standard_error.unwrap();
        assert!(
            4.0 * found.standard_error < error,
            "{} and {error}",
            found.standard_error
        );
        let off = (found.value - a.0.trace()).abs() / found.standard_error;
        assert!(off < tolerance::NORMAL_QUANTILE, "{off}");
    }
}

#[test]
fn the_trace_of_a_matrix_of_low_rank_is_exact() {
    let rank = 6;
    let mut spectrum = vec![0.0; 150];
    spectrum[..rank].copy_from_slice(&[9.0, 4.0, 1.0, 0.5, -2.0, -3.0]);
    let a = Dense::with_spectrum(&spectrum, 3);
    let scale = 9.0;
    let all: Known = {
        let mut known = leading_eigenvectors(&a, 4);
        let negative = Dense(-a.0.clone());
        let lowest = leading_eigenvectors(&negative, 2).into_iter();
        known.extend(lowest.map(|(value, v)| (-value, v)));
        known
    };
    for known in [all, Known::new()] {
        let found = estimated(&a, &known, DEFAULT, 1);
        assert_eq!(found.exact_directions, rank, "the range and no more");
        assert_eq!(found.status, SolverStatus::Converged);
        assert!(found.standard_error < tolerance::DENSE * scale);
        assert!((found.value - 9.5).abs() < 10.0 * tolerance::DENSE * scale);
    }
}

#[test]
fn traces_of_any_sign_and_size_are_told() {
    let negative = Dense(-outliers_over_a_bulk(2).0);
    let found = estimated(&negative, &leading_eigenvectors(&negative, 3), DEFAULT, 0);
    let off = (found.value - negative.0.trace()) / found.standard_error;
    assert!(found.value < 0.0 && off.abs() < tolerance::NORMAL_QUANTILE);

    let zero = Dense(DMatrix::zeros(150, 150));
    let found = estimated(&zero, &Known::new(), DEFAULT, 0);
    assert_eq!((found.value, found.standard_error), (0.0, 0.0));
    assert_eq!(found.probes, LEAST_PROBES);
    assert_eq!(found.status, SolverStatus::Converged);

    // Half the eigenvalues are 1, half are −1.
    let spectrum: Vec<f64> = (0..150).map(|k| f64::from(2 * (k % 2) - 1)).collect();
    let balanced = Dense::with_spectrum(&spectrum, 4);
    let found = estimated(&balanced, &Known::new(), DEFAULT, 0);
    assert_eq!(found.status, SolverStatus::OutOfProducts);
    assert_eq!(found.probes, 100);
    assert!(found.value.abs() < tolerance::NORMAL_QUANTILE * found.standard_error);
}

#[test]
fn a_trace_that_can_be_had_whole_is_exact() {
    let a = Dense::random(80, 7);
    let exact = a.0.trace();
    let by_units = estimated(&a, &Known::new(), DEFAULT, 0);
    let by_directions = estimated(&a, &any_directions(&a, 80, 8), DEFAULT, 0);
    for (found, probes) in [(by_units, 80), (by_directions, 0)] {
        assert!((found.value - exact).abs() < tolerance::DENSE * 80.0);
        assert_eq!(found.standard_error, 0.0);
        assert_eq!(found.probes, probes);
        assert_eq!(found.exact_directions, 80);
        assert_eq!(found.status, SolverStatus::Converged);
    }
}

#[test]
fn a_few_probes_are_used_and_believed_by_nobody() {
    let a = outliers_over_a_bulk(1);
    for most_probes in [2, 9, 10, 20] {
        let settings = TraceSettings {
            most_probes,
            ..DEFAULT
        };
        let found = estimated(&a, &Known::new(), settings, 0);
        assert_eq!(found.status, SolverStatus::OutOfProducts);
        assert_eq!(found.probes, most_probes);
        assert!(found.standard_error > 0.01 * found.value.abs());
    }
}

#[test]
fn a_trace_that_is_not_finite_is_said_to_be_so() {
    for good in [0, 3, 15, 60] {
        let a = Spoilt::new(Dense::random(150, 1), good, |product| {
            product.fill(f64::NAN);
        });
        let mut rng = stream(1, Purpose::Probes, 0);
        let found = trace(&a, &[], DEFAULT, &mut rng, &Meter::new());
        assert_eq!(found.status, SolverStatus::NotFinite, "after {good}");
        assert!(found.probes < 100);
    }
}

#[test]
fn a_trace_counts_its_probes_and_says_how_many_it_expects() {
    let a = outliers_over_a_bulk(1);
    let meter = Meter::new();
    meter.begin("trace", Parts::AtMost(100));
    let known = leading_eigenvectors(&a, 3);
    let found = trace(
        &a,
        &known,
        DEFAULT,
        &mut stream(12, Purpose::Probes, 3),
        &meter,
    );
    let reading = meter.read();
    assert_eq!(reading.done, found.probes as u64);
    assert_eq!(reading.parts, Parts::About(found.probes as u64));
}

#[test]
fn what_a_search_went_through_is_known_of_the_trace() {
    let a = outliers_over_a_bulk(4);
    let explored = Explored::new(&a, 64);
    let found = Lanczos::new(3, 1e-10).solve(&explored, &[], &mut start(0));
    let known = explored.into_known();
    // The last products, of the pairs found, are within what was searched.
    assert!((20..found.products).contains(&known.len()));
    for (k, (value, v)) in known.iter().enumerate() {
        let product = a.apply(v);
        let form: f64 = v.iter().zip(&product).map(|(v, av)| v * av).sum();
        assert!((form - value).abs() < tolerance::DENSE * 60.0);
        for (j, (_, other)) in known.iter().enumerate() {
            let overlap: f64 = v.iter().zip(other).map(|(a, b)| a * b).sum();
            let expected = f64::from(u8::from(j == k));
            assert!((overlap - expected).abs() < 1e-9, "{k}, {j}: {overlap}");
        }
    }
    let with_all = estimated(&a, &known, SHORTEST, 0).standard_error;
    let with_three = estimated(&a, &leading_eigenvectors(&a, 3), SHORTEST, 0).standard_error;
    assert!(3.0 * with_all < with_three, "{with_all} and {with_three}");
}

#[test]
fn directions_that_say_nothing_new_are_not_remembered() {
    let a = Dense::random(30, 2);
    let unit = |k: usize| {
        (0..30)
            .map(|j| f64::from(u8::from(j == k)))
            .collect::<Vec<f64>>()
    };
    let explored = Explored::new(&a, 3);
    let tilted: Vec<f64> = unit(0)
        .iter()
        .zip(unit(1))
        .map(|(a, b)| 3.0 * a + 4.0 * b)
        .collect();
    let close: Vec<f64> = unit(0)
        .iter()
        .zip(unit(2))
        .map(|(a, b)| a + 0.01 * b)
        .collect();
    for v in [
        unit(0),
        unit(0),
        close,
        vec![0.0; 30],
        tilted,
        unit(5),
        unit(6),
    ] {
        explored.apply(&v);
    }
    let known = explored.into_known();
    let expected = [0, 1, 5].map(|k| (a.0[(k, k)], unit(k)));
    assert_eq!(known.len(), expected.len());
    for ((value, v), (expected, unit)) in known.iter().zip(expected) {
        assert!((value - expected).abs() < tolerance::DENSE);
        for (v, unit) in v.iter().zip(unit) {
            assert!((v - unit).abs() < tolerance::DENSE);
        }
    }
}

#[test]
fn the_density_of_complete_steps_is_the_spectrum_itself() {
    let distinct: Vec<f64> = (0..20).map(|k| f64::from(k * k) / 40.0 - 3.0).collect();
    let repeated: Vec<f64> = [vec![-1.0; 5], vec![2.0; 10], vec![7.0; 3]].concat();
    for spectrum in [distinct, repeated] {
        let a = Dense::with_spectrum(&spectrum, 9);
        let mut rng = stream(1, Purpose::Probes, 0);
        let density = spectral_density(&a, 1, spectrum.len(), &mut rng).unwrap();
        let mut expected = spectrum.clone();
        expected.dedup();
        // Rounding goes on past an invariant subspace, with nodes of no weight.
        let nodes = density.nodes.iter().zip(&density.weights);
        let nodes: Vec<f64> = nodes
            .filter(|&(_, &weight)| weight > tolerance::DENSE)
            .map(|(&node, _)| node)
            .collect();
        assert_eq!(nodes.len(), expected.len());
        for (node, value) in nodes.iter().zip(&expected) {
            assert!((node - value).abs() < tolerance::F64, "{node} and {value}");
        }
        assert!((density.weights.iter().sum::<f64>() - 1.0).abs() < tolerance::DENSE);
    }
}

#[test]
fn moments_of_the_density_are_traces_of_powers() {
    let spectrum: Vec<f64> = (0..60).map(|k| f64::from(k) / 30.0 - 0.5).collect();
    let dim = spectrum.len() as f64;
    let a = Dense::with_spectrum(&spectrum, 10);
    let (probes, steps) = (2_000, 6);
    let density = spectral_density(&a, probes, steps, &mut stream(2, Purpose::Probes, 0)).unwrap();
    assert_eq!(density.nodes.len(), probes * steps);
    assert!(density.nodes.is_sorted());
    assert!(density.weights.iter().all(|&w| w >= 0.0));
    assert!((density.weights.iter().sum::<f64>() - 1.0).abs() < tolerance::DENSE);
    let mut power = DMatrix::identity(60, 60);
    // A Gauss rule of m nodes is exact up to the degree 2m − 1.
    for k in 1..2 * steps as i32 {
        power = &power * &a.0;
        let expected = spectrum.iter().map(|x| x.powi(k)).sum::<f64>() / dim;
        let moment: f64 = density
            .nodes
            .iter()
            .zip(&density.weights)
            .map(|(x, w)| w * x.powi(k))
            .sum();
        let deviation = (probe_variance(&power) / probes as f64).sqrt() / dim;
        let z = (moment - expected) / deviation;
        assert!(z.abs() < tolerance::NORMAL_QUANTILE, "moment {k}: z = {z}");
    }
}

#[test]
fn an_operator_that_changes_between_products_is_refused() {
    let v = vec![1.0; 8];
    let a = || Dense::random(8, 1);
    assert_eq!(check_determinism(&a(), &v, 1e-12), Ok(()));
    let noisy = Spoilt::new(a(), 1, |product| product[0] += 1e-3);
    let refused = check_determinism(&noisy, &v, 1e-5).unwrap_err();
    let length = norm(&a().apply(&v));
    assert!((refused.relative - 1e-3 / length).abs() < tolerance::F64);
    let said = refused.to_string();
    assert!(
        said.starts_with("two products with the same vector differ by ")
            && said.ends_with(
                "above 1.0e-5: the device's sums are not repeatable, measure on --device flex"
            ),
        "{said}"
    );
    let within = Spoilt::new(a(), 1, |product| product[0] += 1e-9);
    assert_eq!(check_determinism(&within, &v, 1e-5), Ok(()));
}
