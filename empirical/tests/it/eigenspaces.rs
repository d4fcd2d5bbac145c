//! Densities and eigenspaces along training, against dense matrices.

use breakeven_empirical::compute::Precision;
use breakeven_empirical::config::{DensityMatrix, MeasureConfig};
use breakeven_empirical::measure::WarmStart;
use breakeven_empirical::model::Architecture;
use breakeven_empirical::network::Loss;
use breakeven_empirical::operator::{
    EmpiricalFisherOp, GaussNewtonOp, GradientCovarianceOp, HessianOp, LinearOperator, Point,
    PointSettings,
};
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::solver::spectral_density;
use breakeven_sim::record::{Record, SpectralDensity};
use nalgebra::DMatrix;

use crate::dense::Dense;
use crate::halves::measured;
use crate::operators::TINY;
use crate::reference::Reference;
use crate::tolerance;
use crate::training::{one_run, prepare, records, uninterrupted};

fn point(reference: &Reference) -> Point<'_> {
    let settings = PointSettings::default();
    let network = reference.network();
    Point::new(network, &reference.theta, &reference.examples, settings)
}

fn record(reference: &Reference, config: &MeasureConfig, warm: &mut WarmStart) -> Record {
    measured(reference, &reference.examples, 2, config, warm)
}

/// A density of as many products as it takes has the matrix's extreme eigenvalues as
/// nodes and its trace within the error of its probes, and bounds its smallest
/// eigenvalue that is not zero.
#[track_caller]
fn check_density(name: &str, found: Option<&SpectralDensity>, matrix: &impl LinearOperator) {
    let found = found.unwrap_or_else(|| panic!("no density of {name}"));
    assert!(found.weight_error() < tolerance::DENSE, "{name}");
    let values = Dense::of(matrix).eigenvalues();
    let scale = values[0].max(-values[values.len() - 1]);
    let last = found.nodes[found.nodes.len() - 1];
    assert!(
        (last - values[0]).abs() < tolerance::F64 * scale,
        "{name}: {last}"
    );
    let mean: f64 = found
        .nodes
        .iter()
        .zip(&found.weights)
        .map(|(x, w)| x * w)
        .sum();
    let trace = values.iter().sum::<f64>() / values.len() as f64;
    let spread = values.iter().map(|x| x * x).sum::<f64>().sqrt() / values.len() as f64;
    let probes = found.probe_count() as f64;
    // Of a sign vector zᵀAz has a variance of at most 2‖A‖².
    let error = 4.0 * (2.0 / probes).sqrt() * spread;
    assert!((mean - trace).abs() < error, "{name}: {mean} {trace}");
    let sizes = values
        .iter()
        .map(|x| x.abs())
        .filter(|&x| x > 1e-12 * scale);
    let smallest = sizes.fold(f64::INFINITY, f64::min);
    let bound = found.smallest_nonzero_upper_bound.unwrap();
    assert!(
        bound >= smallest && bound <= scale,
        "{name}: {bound} {smallest}"
    );
}

#[test]
fn densities_along_training_are_those_of_the_dense_matrices() {
    for case in TINY {
        let reference = Reference::load(case, Precision::F64);
        let config = MeasureConfig {
            density_probes: 8,
            density_steps: 40,
            density_of: vec![
                DensityMatrix::H,
                DensityMatrix::K,
                DensityMatrix::G,
                DensityMatrix::F,
            ],
            ..MeasureConfig::default()
        };
        let found = record(&reference, &config, &mut WarmStart::default());
        let point = point(&reference);
        let k = GradientCovarianceOp::of(&point).unwrap();
        let f = EmpiricalFisherOp::of(&point).unwrap();
        check_density("H", found.density_h.as_deref(), &HessianOp(&point));
        check_density("K", found.density_k_per_example.as_deref(), &k);
        check_density("G", found.density_g.as_deref(), &GaussNewtonOp(&point));
        check_density("F", found.density_f.as_deref(), &f);
        // What a density leaves open is said.
        assert!(found.absent["condition_h"].contains("complete_hessian_spectrum"));
        let h_alone = MeasureConfig {
            density_of: vec![DensityMatrix::H],
            ..config
        };
        let alone = record(&reference, &h_alone, &mut WarmStart::default());
        assert_eq!(alone.density_h, found.density_h);
        let others = [
            alone.density_k_per_example,
            alone.density_g,
            alone.density_f,
        ];
        assert_eq!(others, [None, None, None]);
    }
}

/// Few products still bound the smallest eigenvalue from above.
#[test]
fn densities_of_few_products_bound_the_smallest_eigenvalue() {
    let even: Vec<f64> = (1..60).map(f64::from).collect();
    let signs = [vec![-3.0, -2.0, -0.5], vec![0.0; 20], vec![0.25, 1.0, 7.0]].concat();
    let mut bounded = 0;
    for spectrum in [even, signs, vec![0.0; 9], vec![2.0; 9]] {
        let a = Dense::with_spectrum(&spectrum, 4);
        let sizes = spectrum.iter().map(|x| x.abs()).filter(|&x| x > 0.0);
        let smallest = sizes.fold(f64::INFINITY, f64::min);
        for (probes, steps) in [(1, 2), (1, 4), (2, 6), (3, 12), (2, 59)] {
            let mut rng = stream(7, Purpose::Probes, 0);
            let density = spectral_density(&a, probes, steps, &mut rng);
            let Some(bound) = density.unwrap().smallest_nonzero_upper_bound else {
                continue;
            };
            bounded += 1;
            assert!(bound >= smallest - 1e-12, "{bound} {smallest}");
            if spectrum.len() == 59 && steps == 59 {
                // The nodes are the eigenvalues, and the second of them is the bound.
                assert!((bound - 2.0).abs() < 1e-6, "{bound}");
            }
        }
    }
    assert!(bounded >= 8, "{bounded}");
}

/// The outputs of linear regression do not bend: H = G, by the same random vectors.
#[test]
fn of_linear_regression_the_densities_of_h_and_g_are_one() {
    let mut config = one_run();
    config.training.precision = Precision::F64;
    config.training.loss = Loss::Mse;
    config.model = Architecture::Mlp { hidden: vec![] };
    // Above that it diverges.
    config.sweep.learning_rates = vec![1e-3];
    config.measure.trace_probes = 0;
    config.measure.density_probes = 2;
    config.measure.density_steps = 6;
    config.measure.density_of = vec![DensityMatrix::G, DensityMatrix::H];
    let folder = uninterrupted(&prepare(&config));
    let run = folder.path().join("runs/lr0.001-bs10-seed7");
    for record in records(&run) {
        let [h, g] = [record.density_h.unwrap(), record.density_g.unwrap()];
        let scale = h.nodes[h.nodes.len() - 1];
        for (a, b) in h.nodes.iter().zip(&g.nodes) {
            assert!((a - b).abs() < 1e-9 * scale, "{a} {b}");
        }
        assert_eq!(h.nodes.len(), g.nodes.len());
    }
}

/// The projection onto the top `k` eigenvectors of H, by a dense solver.
fn projection(reference: &Reference, k: usize) -> DMatrix<f64> {
    let found = Dense::of(&HessianOp(&point(reference))).0.symmetric_eigen();
    let mut order: Vec<usize> = (0..found.eigenvalues.len()).collect();
    order.sort_by(|&a, &b| found.eigenvalues[b].total_cmp(&found.eigenvalues[a]));
    let top = found.eigenvectors.select_columns(&order[..k]);
    &top * top.transpose()
}

/// Eigenspaces at one θ and beside it: the dense overlap is within the bound, however
/// loosely eigenvalues are found.
#[test]
fn overlaps_of_eigenspaces_are_within_their_bounds() {
    for case in TINY {
        let mut reference = Reference::load(case, Precision::F64);
        let start = reference.theta.clone();
        for (k, level) in [(1, 1e-10), (2, 1e-10), (2, 1e-4)] {
            reference.theta.clone_from(&start);
            let config = MeasureConfig {
                hessian_eigenvalues: k + 1,
                hessian_overlap: k,
                eigenvalue_tolerance: level,
                ..MeasureConfig::default()
            };
            let mut warm = WarmStart::default();
            let first = record(&reference, &config, &mut warm);
            assert_eq!(
                (first.overlap_h, first.absent.get("overlap_h")),
                (None, None)
            );
            let before = projection(&reference, k);
            for moved in [0.0, 0.02] {
                for (place, x) in reference.theta.iter_mut().enumerate() {
                    *x += moved * (place as f64).sin();
                }
                let mut warm = warm.clone();
                let found = record(&reference, &config, &mut warm);
                let overlap = found
                    .overlap_h
                    .unwrap_or_else(|| panic!("{:?}", found.absent));
                let bound = found.overlap_h_error_bound.unwrap();
                let expected = (&before * projection(&reference, k)).trace() / k as f64;
                assert!(
                    (overlap - expected).abs() <= bound + tolerance::DENSE,
                    "{case} {k}: {overlap} {expected} {bound}"
                );
                if level < 1e-6 {
                    assert!(bound < 1e-2, "{bound}");
                    assert_eq!(overlap < 1.0 - 1e-4, moved > 0.0, "{overlap}");
                }
            }
        }
    }
}

/// At zero weights the largest eigenvalue of softmax regression is repeated.
#[test]
fn a_space_that_is_not_determined_has_no_overlap() {
    let mut reference = Reference::load("mlp_tiny", Precision::F64);
    let model = Architecture::Mlp { hidden: vec![] };
    reference.model = model.build([1, 1, 6], 3).unwrap();
    reference.theta = vec![0.0; reference.model.parameters().dim()];
    let config = MeasureConfig {
        hessian_eigenvalues: 2,
        hessian_overlap: 1,
        ..MeasureConfig::default()
    };
    let mut warm = WarmStart::default();
    let first = record(&reference, &config, &mut warm);
    assert_eq!(
        (first.overlap_h, first.absent.get("overlap_h")),
        (None, None)
    );
    let second = record(&reference, &config, &mut warm);
    assert_eq!(second.overlap_h, None);
    let why = &second.absent["overlap_h"];
    assert!(
        why.contains("eigenvalues 1 and 2 of H are too close"),
        "{why}"
    );
}
