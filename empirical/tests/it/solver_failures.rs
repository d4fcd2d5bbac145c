//! Searches that come to no end, and operators that are none.

use breakeven_empirical::operator::LinearOperator;
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::solver::{Lanczos, check_determinism, spectral_density};
use breakeven_sim::record::SolverStatus;

use crate::dense::{Dense, Spoilt};
use crate::solver::{assert_honest, norm, searched, start};
use crate::tolerance;

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
