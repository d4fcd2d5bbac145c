//! Outliers of spectra that are known: what a search finds against what was put in.

use breakeven_empirical::compute::Precision;
use breakeven_empirical::model::Architecture;
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::solver::Lanczos;
use breakeven_sim::record::Outliers;

use crate::dense::Dense;
use crate::training::{one_run, prepare, records, run_folder, uninterrupted};

/// Forty values, evenly from −1 to 1.
fn bulk() -> Vec<f64> {
    (0..40).map(|k| f64::from(k) / 19.5 - 1.0).collect()
}

/// The count that a search for `top` values leads to, and its reason for none.
fn searched(a: &Dense, top: usize) -> Option<Result<usize, String>> {
    let lanczos = Lanczos {
        complete_up_to: 0,
        ..Lanczos::new(top, 1e-6)
    };
    let found = lanczos.solve(a, &[], &mut stream(3, Purpose::Start, 0));
    let outliers = found.outliers("H")?;
    Some(outliers.map(|all| {
        assert_eq!(all.eigenvalues.len(), all.count);
        assert!(all.separation >= 4.0 && all.bulk_edge < all.eigenvalues[all.count - 1]);
        all.count
    }))
}

/// That of a bulk with `spikes` beside it.
#[track_caller]
fn check(spikes: &[f64], bulk: &[f64], top: usize, expected: Option<usize>) {
    let a = Dense::with_spectrum(&[spikes, bulk].concat(), 17);
    let found = searched(&a, top).expect("enough values were asked for");
    assert_eq!(found.clone().ok(), expected, "{spikes:?}: {found:?}");
}

#[test]
fn a_search_counts_the_outliers_that_were_put_in() {
    check(&[5.0], &bulk(), 6, Some(1));
    check(&[9.0, 5.0, 3.0], &bulk(), 8, Some(3));
    // However far it looks into the bulk.
    check(&[9.0, 5.0, 3.0], &bulk(), 20, Some(3));
    // A repeated outlier; one that is no outlier; none.
    check(&[4.0; 4], &bulk(), 10, Some(4));
    check(&[4.0, 1.05], &bulk(), 8, Some(1));
    check(&[], &bulk(), 8, None);
    // Low rank: the bulk is zero.
    check(&[3.0, 2.0], &[0.0; 50], 8, Some(2));
    check(&[], &[0.0; 50], 8, None);
    // Too few of the bulk were asked for to tell.
    check(&[9.0, 5.0, 3.0], &bulk(), 4, None);
    let a = Dense::with_spectrum(&[&[5.0], &bulk()[..]].concat(), 17);
    assert_eq!(searched(&a, 3), None);
}

/// Random symmetric matrices have no outliers. Gaps at the edge of their bulk repel one
/// another, so that one in a few hundred looks as if there were some.
#[test]
fn random_matrices_seldom_look_as_if_they_had_outliers() {
    let mut claims = 0;
    for seed in 0..400 {
        let values = Dense::random(40, seed).eigenvalues();
        let leading: Vec<_> = values[..10].iter().map(|&x| (x, 1e-9)).collect();
        claims += usize::from(Outliers::among("H", &leading).is_ok());
    }
    assert!(claims <= 12, "{claims} of 400");
}

/// Along training: of the complete spectrum by its error, of K^M by its own, for the
/// eigenvalues that the record has.
#[test]
fn records_count_the_outliers_of_their_spectra() {
    let mut config = one_run();
    config.training.precision = Precision::F64;
    config.model = Architecture::Mlp { hidden: vec![1] };
    config.measure.complete_hessian_spectrum = true;
    config.measure.covariance_batches = 9;
    config.measure.every_steps = Some(6);
    let folder = uninterrupted(&prepare(&config));
    let mut counted = 0;
    for record in records(&run_folder(folder.path())) {
        let of_h = (record.spectrum_h.unwrap(), record.lambda_h_error_bound);
        let mut of_k = record.spectrum_k.unwrap();
        assert_eq!(of_k.pop(), Some(0.0));
        let of_k = (of_k, record.lambda_k_error_bound);
        let found_h = (record.outliers_h, record.outliers_h_separation);
        let found_k = (record.outliers_k, record.outliers_k_separation);
        for (name, (values, error), (count, separation)) in
            [("outliers_h", of_h, found_h), ("outliers_k", of_k, found_k)]
        {
            let error = error.unwrap();
            let values: Vec<_> = values.iter().map(|&value| (value, error)).collect();
            let expected = Outliers::among("", &values);
            assert_eq!(count, expected.as_ref().ok().map(|all| all.count), "{name}");
            assert_eq!(record.absent.contains_key(name), count.is_none());
            if let Ok(expected) = expected {
                counted += 1;
                let off = (separation.unwrap() / expected.separation - 1.0).abs();
                assert!(off < 1e-6, "{name}: {off}");
            }
        }
    }
    assert!(counted > 0);
}
