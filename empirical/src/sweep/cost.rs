//! What a run is expected to cost, from its configuration alone.

use super::Shared;
use crate::config::{DensityMatrix, MeasureConfig};
use crate::train::{RunSpec, mini_batches, total_steps};

// In units of one example's forward pass. A gradient's backward half has twice
// the matrix products of its forward half.
const FORWARD: u64 = 1;
const GRADIENT: u64 = 3;
/// Hv is 1.2 gradients for an MLP and 2 for a SimpleCNN (docs/measuring.md).
const HESSIAN_PRODUCT: u64 = 5;
/// A product with the per-example K.
const COVARIANCE_PRODUCT: u64 = 3;
/// Curvatures of single examples along a direction: two forward sweeps.
const CURVATURES: u64 = 2;
/// What a step of any batch size costs beside its examples, the parameters'
/// update and what is done once a layer: of the paper's MLP as much as some
/// twenty gradients.
const STEP: u64 = 60;

/// Products of a search for the largest eigenvalue that begins with the last
/// eigenvector, and what the first search of a run takes beyond (docs/performance.md).
const PRODUCTS: u64 = 5;
const FIRST_PRODUCTS: u64 = 20;

/// The expected cost of a run, in forward passes of one example: examples of
/// all steps, and of each measurement the passes and products over the subset
/// (loss, λ_H with as many products as a warm search takes on average, trace,
/// density, the complete spectrum, per-example K, halves, lines of losses),
/// over validation examples and over the L mini-batches of M.
///
/// Products that a search needs beyond the usual, and runs that diverge early,
/// are not known before. η, β and the seed have no part in it. Runs of one
/// sweep share network, data and precision, so what these cost would be a
/// factor common to all.
pub(super) fn cost(shared: &Shared, spec: RunSpec) -> u64 {
    let measure = &shared.config.measure;
    let steps = total_steps(shared, spec);
    let step = (GRADIENT * spec.batch_size as u64).saturating_add(STEP);
    let subset = shared.subset.len() as u64;
    let first = subset.saturating_mul(first_products(measure));
    let measurements = measure.measurements(steps, spec.batch_size);
    let predictions = measure.predictions(steps, spec.batch_size);
    steps
        .saturating_mul(step)
        .saturating_add(measurements.saturating_mul(measurement(shared, spec)))
        .saturating_add(predictions.saturating_mul(measure.prediction_examples as u64 * FORWARD))
        .saturating_add(if measurements > 0 { first } else { 0 })
}

/// What one measurement costs that is not a run's first.
fn measurement(shared: &Shared, spec: RunSpec) -> u64 {
    let measure = &shared.config.measure;
    let subset = shared.subset.len() as u64;
    let validation = shared.validation.as_ref().map_or(0, |part| part.len()) as u64;
    let mini_batches = mini_batches(shared, spec);
    let drawn = (mini_batches.batches as u64).saturating_mul(mini_batches.batch_size as u64);
    let sharpness = u64::from(measure.batch_sharpness) * CURVATURES;
    subset
        .saturating_mul(of_an_example(
            measure,
            shared.model.parameters().dim() as u64,
        ))
        .saturating_add(validation.saturating_mul(FORWARD))
        .saturating_add(drawn.saturating_mul(GRADIENT + sharpness))
}

/// What a measurement costs for each example of the subset.
fn of_an_example(measure: &MeasureConfig, parameters: u64) -> u64 {
    let ends = measure.hessian_eigenvalues + measure.hessian_smallest_eigenvalues;
    let search = PRODUCTS * ends as u64 * HESSIAN_PRODUCT + CURVATURES;
    let per_example = u64::from(measure.lambda_k_per_example) * PRODUCTS * COVARIANCE_PRODUCT;
    let trace = u64::from(measure.trace_k_per_example) * FORWARD;
    let halves = 1 + u64::from(measure.hessian_halves);
    let each = (measure.density_probes * measure.density_steps) as u64;
    let of_matrix = |matrix: &DensityMatrix| match matrix {
        DensityMatrix::H | DensityMatrix::G => each.saturating_mul(HESSIAN_PRODUCT),
        DensityMatrix::K | DensityMatrix::F => each.saturating_mul(COVARIANCE_PRODUCT),
    };
    let densities = measure.density_of.iter().map(of_matrix);
    let densities = densities.fold(0, u64::saturating_add);
    let complete = u64::from(measure.complete_hessian_spectrum) * parameters;
    // The loss before and after the step, and the gradient along e_H.
    let losses = 2 * FORWARD + GRADIENT + measure.loss_line_points as u64 * FORWARD;
    let products = (measure.trace_probes as u64).saturating_add(complete);
    losses
        .saturating_add(halves * (search + per_example + trace))
        .saturating_add(densities)
        .saturating_add(products.saturating_mul(HESSIAN_PRODUCT))
}

/// The products of a run's first searches beyond those of the others, for each
/// example of the subset.
fn first_products(measure: &MeasureConfig) -> u64 {
    let covariance = u64::from(measure.lambda_k_per_example) * COVARIANCE_PRODUCT;
    FIRST_PRODUCTS * (HESSIAN_PRODUCT + covariance)
}
