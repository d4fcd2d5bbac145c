//! Self-attention, and the encoder layer around it.

use serde::{Deserialize, Serialize};

use super::{Dense, Forward, LayerNorm, Layout};
use crate::tape::{Elementwise, Heads, PerGroup, Softmax, Times, Transposed, Var};

/// What a word that is not there adds to its score: its probability is 0.
const NOT_THERE: f64 = -1e9;

/// Self-attention with several heads (Vaswani et al., 2017), its output
/// projected.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    query: Dense,
    key: Dense,
    value: Dense,
    output: Dense,
    features: usize,
    heads: usize,
}

/// BERT's encoder layer: attention and two dense layers, each added to its
/// input and normalised after (Devlin et al., 2019).
#[derive(Clone, Copy, Debug)]
pub struct Encoder {
    attention: Attention,
    after_attention: LayerNorm,
    inner: Dense,
    activation: Activation,
    outer: Dense,
    after: LayerNorm,
}

/// What stands between an encoder layer's two dense layers, under Hugging
/// Face's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// x Φ(x), exactly.
    #[default]
    #[serde(alias = "gelu_python")]
    Gelu,
    /// Its approximation by tanh.
    #[serde(alias = "gelu_pytorch_tanh")]
    GeluNew,
    /// max(x, 0).
    Relu,
}

impl Activation {
    fn of(self, on: &mut Forward, x: Var) -> Var {
        match self {
            Self::Gelu => on.tape.map(x, Elementwise::gelu),
            Self::GeluNew => on.tape.map(x, Elementwise::gelu_tanh),
            Self::Relu => on.tape.relu(x),
        }
    }
}

impl Layout {
    /// The encoder layer `name` under Hugging Face's names; `features` is a
    /// multiple of `heads`.
    pub fn encoder(
        &mut self,
        name: &str,
        [features, heads, inner]: [usize; 3],
        activation: Activation,
        epsilon: f64,
    ) -> Encoder {
        let mut square = |part: &str| self.dense(&format!("{name}.{part}"), features, features);
        let attention = Attention {
            query: square("attention.self.query"),
            key: square("attention.self.key"),
            value: square("attention.self.value"),
            output: square("attention.output.dense"),
            features,
            heads,
        };
        let named = |part: &str| format!("{name}.{part}");
        Encoder {
            attention,
            after_attention: self.layer_norm(
                &named("attention.output.LayerNorm"),
                features,
                epsilon,
            ),
            inner: self.dense(&named("intermediate.dense"), features, inner),
            activation,
            outer: self.dense(&named("output.dense"), inner, features),
            after: self.layer_norm(&named("output.LayerNorm"), features, epsilon),
        }
    }
}

impl Attention {
    /// What is added to the scores `[n·heads·p, p]` of examples with these
    /// numbers of words, of p: put on the tape once for all layers.
    pub fn mask(on: &mut Forward, lengths: &[usize], positions: usize, heads: usize) -> Var {
        let row = |length: usize| -> Vec<f64> {
            let score = |k| if k < length { 0.0 } else { NOT_THERE };
            (0..positions).map(score).collect()
        };
        let rows = lengths
            .iter()
            .flat_map(|&length| row(length).repeat(heads * positions));
        let shape = [lengths.len() * heads * positions, positions];
        on.constant(&rows.collect::<Vec<f64>>(), shape)
    }

    /// Of words `[n·p, features]` with the mask of [`Self::mask`].
    pub fn of(&self, on: &mut Forward, words: Var, mask: Var, examples: usize) -> Var {
        let split = Heads {
            examples,
            heads: self.heads,
        };
        let [query, key, value] = [self.query, self.key, self.value].map(|layer| {
            let all = layer.of(on, words);
            on.tape.linear(all, split)
        });
        let within = |transposed| PerGroup {
            groups: examples * self.heads,
            transposed,
        };
        let width = (self.features / self.heads) as f64;
        let query = on.tape.linear(query, Times(width.sqrt().recip()));
        let scores = on.tape.bilinear(query, key, within(true));
        let scores = on.tape.add(scores, mask);
        let weights = on.tape.map(scores, Softmax::of);
        let mixed = on.tape.bilinear(weights, value, within(false));
        let joined = on.tape.linear(mixed, Transposed(split));
        self.output.of(on, joined)
    }
}

impl Encoder {
    /// Of words `[n·p, features]`.
    pub fn of(&self, on: &mut Forward, words: Var, mask: Var, examples: usize) -> Var {
        let mixed = self.attention.of(on, words, mask, examples);
        let sum = on.tape.add(mixed, words);
        let words = self.after_attention.of(on, sum);
        let inner = self.inner.of(on, words);
        let inner = self.activation.of(on, inner);
        let outer = self.outer.of(on, inner);
        let sum = on.tape.add(outer, words);
        self.after.of(on, sum)
    }
}
