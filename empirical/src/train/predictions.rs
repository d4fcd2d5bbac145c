//! Class probabilities of validation examples along a run.

use breakeven_sim::record::{Digits, Predictions};

use crate::compute::Precision;
use crate::config::BatchNormMode;
use crate::network::Network;

use super::{RunError, Step, Trainer};

impl Trainer<'_> {
    /// What the network predicts before the next step, where it is time to
    /// record it. With running statistics, as for the validation accuracy: no
    /// prediction depends on other examples.
    pub(super) fn predictions(&self) -> Result<Option<Predictions>, RunError> {
        let (shared, size) = (self.shared, self.spec.batch_size);
        let measure = &shared.config.measure;
        let validation = match &shared.validation {
            Some(validation) if measure.predicts(self.step, size) => validation,
            _ => return Ok(None),
        };
        let network = Network {
            normalisation: BatchNormMode::Running.with(&self.buffers),
            ..self.network()
        };
        let examples = validation.range(0, measure.prediction_examples);
        let outputs = network.outputs(&self.parameters, &examples);
        shared.all_readable()?;
        let classes = examples.classes();
        let (probabilities, precision) = match shared.config.training.precision {
            Precision::F32 => (rounded(softmax(outputs, classes)), Digits::F32),
            Precision::F64 => (softmax(outputs, classes), Digits::F64),
        };
        Ok(Some(Predictions {
            step: self.step,
            epoch: self.step as f64 / (shared.train.len() / size) as f64,
            classes,
            precision,
            probabilities,
        }))
    }

    /// Writes them, unless the step that follows was put off: then both are
    /// had anew.
    pub(super) fn keep(
        &mut self,
        predictions: Option<Predictions>,
        step: &Step,
    ) -> Result<(), RunError> {
        match (predictions, step) {
            (Some(predictions), Step::Taken | Step::Diverged(_)) => {
                Ok(self.folder.append_predictions(&predictions)?)
            }
            _ => Ok(()),
        }
    }
}

/// Softmax of each row of outputs.
fn softmax(mut outputs: Vec<f64>, classes: usize) -> Result<Vec<f64>, String> {
    if outputs.iter().any(|z| !z.is_finite()) {
        return Err("the network's outputs are not finite".to_owned());
    }
    for row in outputs.chunks_mut(classes) {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.iter_mut().for_each(|z| *z = (*z - largest).exp());
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|p| *p /= sum);
    }
    Ok(outputs)
}

/// To numbers of 32 bits.
fn rounded(probabilities: Result<Vec<f64>, String>) -> Result<Vec<f64>, String> {
    let round = |p: f64| f64::from(p as f32);
    probabilities.map(|all| all.into_iter().map(round).collect())
}
