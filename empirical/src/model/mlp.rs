//! A multi-layer perceptron.

use super::{Model, ModelError};
use crate::examples::Inputs;
use crate::layers::{Dense, Forward, Layout};
use crate::parameters::Parameters;
use crate::tape::Var;

/// Dense layers `fc1`, `fc2`, … with rectifiers between them.
pub(super) struct Mlp {
    parameters: Parameters,
    layers: Vec<Dense>,
    activations: usize,
}

impl Mlp {
    pub(super) fn new(inputs: usize, hidden: &[usize], classes: usize) -> Result<Self, ModelError> {
        if hidden.contains(&0) {
            return Err(ModelError::Empty("a hidden layer of mlp"));
        }
        let sizes: Vec<usize> = [&[inputs], hidden, &[classes]].concat();
        let mut layout = Layout::new();
        let pairs = sizes.windows(2).enumerate();
        let layers = pairs
            .map(|(k, pair)| layout.dense(&format!("fc{}", k + 1), pair[0], pair[1]))
            .collect();
        Ok(Self {
            parameters: layout.finish(),
            layers,
            activations: sizes[1..].iter().sum(),
        })
    }
}

impl Model for Mlp {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn activations(&self) -> usize {
        self.activations
    }

    fn logits(&self, on: &mut Forward, inputs: &Inputs) -> Var {
        let mut value = inputs.features(on);
        for (k, layer) in self.layers.iter().enumerate() {
            if k > 0 {
                value = on.tape.relu(value);
            }
            value = layer.of(on, value);
        }
        value
    }
}
