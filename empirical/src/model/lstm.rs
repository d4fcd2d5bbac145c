//! A recurrent network for texts.

use super::{Model, ModelError};
use crate::examples::Inputs;
use crate::layers::{Dense, Embedding, Forward, Layout, Lstm};
use crate::parameters::Parameters;
use crate::tape::{Rows, Together, Transposed, Var};

/// An embedding, one layer of long short-term memory, and a dense layer on its
/// state after the last word.
pub(super) struct Recurrent {
    parameters: Parameters,
    embedding: Embedding,
    memory: Lstm,
    output: Dense,
    activations: usize,
}

impl Recurrent {
    pub(super) fn new(
        [vocabulary, length]: [usize; 2],
        [features, hidden]: [usize; 2],
        classes: usize,
    ) -> Result<Self, ModelError> {
        if features == 0 || hidden == 0 {
            return Err(ModelError::Empty("embedding or hidden units of lstm"));
        }
        let mut layout = Layout::new();
        let embedding = layout.embedding("embedding", vocabulary, features);
        let memory = layout.lstm("lstm", features, hidden);
        let output = layout.dense("fc", hidden, classes);
        Ok(Self {
            parameters: layout.finish(),
            embedding,
            memory,
            output,
            activations: length * (2 * features + 12 * hidden) + classes,
        })
    }
}

impl Model for Recurrent {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn activations(&self) -> usize {
        self.activations
    }

    fn logits(&self, on: &mut Forward, inputs: &Inputs) -> Var {
        let words = inputs.words();
        let [examples, steps] = words.shape();
        let here = words.present(on);
        let embedded = self.embedding.of(on, words.flat_ids(), here);
        let states = self.memory.of(on, embedded, steps);
        let all = on.tape.beside(&states);
        let rows = on
            .tape
            .linear(all, Transposed(Together { positions: steps }));
        let last = Rows {
            ids: words.last_rows(),
            rows: examples * steps,
        };
        let state = on.tape.linear(rows, last);
        self.output.of(on, state)
    }
}
