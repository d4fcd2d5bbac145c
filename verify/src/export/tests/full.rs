//! A record that lacks nothing.

use std::collections::BTreeMap;

use breakeven_sim::record::{
    BoundKind, CovarianceHalf, HessianHalf, LossLine, Record, SolverStatus, SpectralDensity,
};

/// Every field of a record, none of them twice the same number.
pub fn full() -> Record {
    Record {
        step: 7,
        epoch: 0.1,
        learning_rate: Some(0.05),
        clipped_share: Some(0.25),
        loss: Some(1e-300),
        training_accuracy: Some(0.5),
        validation_accuracy: Some(0.4),
        lambda_k: Some(0.7),
        lambda_k_error_bound: Some(1e-7),
        rank_k: Some(3),
        lambda_k_smallest: Some(0.01),
        condition_k: Some(0.02),
        condition_k_error_bound: Some(1e-8),
        trace_k: Some(2.5),
        trace_k_error_bound: Some(1e-6),
        spectrum_k: Some(vec![0.7, 0.1 + 0.2, 0.0]),
        outliers_k: Some(1),
        outliers_k_separation: Some(4.5),
        lambda_k_per_example: Some(9.3),
        lambda_k_per_example_error_bound: Some(1e-4),
        lambda_k_per_example_error_bound_kind: Some(BoundKind::GapEstimate),
        trace_k_per_example: Some(38.0),
        trace_k_per_example_error_bound: Some(1e-5),
        lambda_h: Some(12.9),
        lambda_h_error_bound: Some(2e-3),
        lambda_h_residual: Some(0.09),
        lambda_h_error_bound_kind: Some(BoundKind::Residual),
        lambda_h_matvecs: Some(4),
        lambda_h_status: Some(SolverStatus::OutOfProducts),
        lambda_h_min: Some(-1.5),
        lambda_h_min_error_bound: Some(0.3),
        lambda_h_min_error_bound_kind: Some(BoundKind::Searched),
        lambda_h_smallest: Some(1e-9),
        lambda_h_smallest_error_bound: Some(1e-13),
        condition_h: Some(1e-10),
        condition_h_error_bound: Some(1e-14),
        trace_h: Some(51.5),
        trace_h_standard_error: Some(6.6),
        spectrum_h: Some(Vec::new()),
        outliers_h: Some(10),
        outliers_h_separation: Some(7.25),
        density_h: density(-1.0, 0.25),
        density_k_per_example: density(0.5, 0.125),
        density_g: density(0.75, 0.375),
        density_f: density(1.5, 0.625),
        loss_line: Some(Box::new(LossLine {
            offsets: vec![-0.5, 0.0, 0.5],
            losses: vec![1.25, 1.0, 1.5],
        })),
        covariance_halves: Some(Box::new([
            CovarianceHalf {
                lambda_k: 0.8,
                lambda_k_error_bound: 2e-7,
                condition_k: Some(0.3),
                condition_k_error_bound: Some(3e-7),
                trace_k: 2.25,
                trace_k_error_bound: 4e-7,
            },
            CovarianceHalf {
                lambda_k: 0.6,
                lambda_k_error_bound: 5e-7,
                condition_k: None,
                condition_k_error_bound: None,
                trace_k: 2.75,
                trace_k_error_bound: 6e-7,
            },
        ])),
        hessian_halves: Some(Box::new([11.0, 13.5].map(|lambda_h| HessianHalf {
            examples: 50,
            lambda_h,
            lambda_h_error_bound: 0.01,
            lambda_h_error_bound_kind: BoundKind::Searched,
            lambda_k_per_example: Some(lambda_h / 2.0),
            lambda_k_per_example_error_bound: Some(lambda_h / 512.0),
            lambda_k_per_example_error_bound_kind: Some(BoundKind::Searched),
            trace_k_per_example: Some(4.0 * lambda_h),
            trace_k_per_example_error_bound: None,
        }))),
        loss_change: Some(-0.08),
        curvature_variance: Some(91.4),
        curvature_variance_standard_error: Some(12.5),
        stability: Some(0.13),
        stability_standard_error: Some(0.02),
        psi: Some(0.043),
        alignment_hk: Some(0.092),
        overlap_h: Some(0.96875),
        overlap_h_error_bound: Some(0.03125),
        step_cosine: Some(-0.36),
        subspace_ratio: Some(1.145),
        gamma_norm: Some(3.25),
        batch_sharpness: Some(6.88),
        batch_sharpness_standard_error: Some(0.875),
        batch_sharpness_ratio_of_means: Some(7.5),
        batch_sharpness_ratio_of_means_standard_error: Some(0.9375),
        absent: BTreeMap::from([("condition_h".to_owned(), "λ_H¹ is, \"0\"".to_owned())]),
    }
}

/// Two nodes of one probe.
fn density(node: f64, weight: f64) -> Option<Box<SpectralDensity>> {
    Some(Box::new(SpectralDensity {
        nodes: vec![node, 2.0],
        weights: vec![weight, 1.0 - weight],
        probes: vec![0, 0],
        smallest_nonzero_upper_bound: Some(node / 1024.0),
    }))
}
