//! A multi-layer perceptron.

use super::{Model, ModelError, affine, layer};
use crate::parameters::{Parameters, Role};
use crate::tape::{Tape, Var};

/// Dense layers `fc1`, `fc2`, … with rectifiers between them.
pub(super) struct Mlp {
    parameters: Parameters,
    activations: usize,
}

impl Mlp {
    pub(super) fn new(inputs: usize, hidden: &[usize], classes: usize) -> Result<Self, ModelError> {
        if hidden.contains(&0) {
            return Err(ModelError::Empty("a hidden layer of mlp"));
        }
        let sizes: Vec<usize> = [&[inputs], hidden, &[classes]].concat();
        let parameters = sizes
            .windows(2)
            .enumerate()
            .flat_map(|(k, pair)| {
                let (inputs, outputs) = (pair[0], pair[1]);
                layer(format!("fc{}", k + 1), Role::Dense { inputs, outputs })
            })
            .collect();
        Ok(Self {
            parameters: Parameters::new(parameters),
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

    fn logits(&self, tape: &mut Tape, x: Var, parameters: &[Var]) -> Var {
        let mut value = x;
        for (k, pair) in parameters.chunks(2).enumerate() {
            if k > 0 {
                value = tape.relu(value);
            }
            value = affine(tape, value, pair[0], pair[1]);
        }
        value
    }
}
