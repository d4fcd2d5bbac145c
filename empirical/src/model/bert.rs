//! BERT's encoder with a classifier on its first word.

use serde::{Deserialize, Serialize};

use super::pretrained::Pretrained;
use super::{Model, ModelError};
use crate::examples::Inputs;
use crate::layers::{Activation, Attention, Dense, Embedding, Encoder, Forward, LayerNorm, Layout};
use crate::parameters::Parameters;
use crate::tape::{EachStep, Elementwise, Var};

/// Sizes of a BERT, under the names of Hugging Face's `config.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BertShape {
    /// Features of a word.
    pub hidden_size: usize,
    /// Encoder layers.
    pub num_hidden_layers: usize,
    /// Heads of each; they share the features evenly.
    pub num_attention_heads: usize,
    /// Features between the two dense layers of an encoder layer.
    pub intermediate_size: usize,
    /// Positions that have an embedding.
    #[serde(default = "default_positions")]
    pub max_position_embeddings: usize,
    /// Kinds of segments.
    #[serde(default = "default_segments")]
    pub type_vocab_size: usize,
    /// Between the two dense layers of an encoder layer.
    #[serde(default)]
    pub hidden_act: Activation,
    /// Added to the variance in layer normalisations.
    #[serde(default = "default_epsilon")]
    pub layer_norm_eps: f64,
    /// Word pieces that have an embedding. Default: those of the data set's
    /// vocabulary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocab_size: Option<usize>,
    /// The weights that a run starts from. Default: it draws them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretrained: Option<Pretrained>,
}

fn default_positions() -> usize {
    512
}

fn default_segments() -> usize {
    2
}

fn default_epsilon() -> f64 {
    1e-12
}

impl BertShape {
    /// Rows of the embedding for texts of `found` different word pieces. A
    /// pretrained model knows the pieces of its own vocabulary by their
    /// numbers: another one must have as many at least to be the same.
    fn rows(&self, found: usize) -> Result<usize, ModelError> {
        let Some(rows) = self.vocab_size else {
            return Ok(found);
        };
        let is_own = match &self.pretrained {
            Some(pretrained) => pretrained.vocabulary_sha256.is_some(),
            None => true,
        };
        if found == rows || (is_own && found < rows) {
            return Ok(rows);
        }
        Err(ModelError::Vocabulary { found, rows })
    }

    fn check(&self, length: usize) -> Result<(), ModelError> {
        let (features, heads) = (self.hidden_size, self.num_attention_heads);
        let inner = self.intermediate_size;
        if [features, heads, inner, self.type_vocab_size].contains(&0) {
            return Err(ModelError::Empty("a size of bert"));
        }
        if !features.is_multiple_of(heads) {
            return Err(ModelError::Heads { features, heads });
        }
        if !(self.layer_norm_eps > 0.0 && self.layer_norm_eps.is_finite()) {
            return Err(ModelError::Epsilon(self.layer_norm_eps.to_string()));
        }
        if length <= self.max_position_embeddings {
            return Ok(());
        }
        let most = self.max_position_embeddings;
        Err(match &self.pretrained {
            Some(_) => ModelError::LongPretrainedText { length, most },
            None => ModelError::LongText { length, most },
        })
    }
}

/// Hugging Face's `BertForSequenceClassification`, without dropout.
pub(super) struct Bert {
    parameters: Parameters,
    heads: usize,
    words: Embedding,
    positions: Embedding,
    segments: Embedding,
    first: LayerNorm,
    layers: Vec<Encoder>,
    pooler: Dense,
    output: Dense,
    activations: usize,
}

impl Bert {
    pub(super) fn new(
        [vocabulary, length]: [usize; 2],
        shape: &BertShape,
        classes: usize,
    ) -> Result<Self, ModelError> {
        shape.check(length)?;
        let (features, heads) = (shape.hidden_size, shape.num_attention_heads);
        let (inner, epsilon) = (shape.intermediate_size, shape.layer_norm_eps);
        let rows = shape.rows(vocabulary)?;
        let mut layout = Layout::new();
        let mut table = |name: &str, rows| {
            layout.embedding(
                &format!("bert.embeddings.{name}_embeddings"),
                rows,
                features,
            )
        };
        let words = table("word", rows);
        let positions = table("position", shape.max_position_embeddings);
        let segments = table("token_type", shape.type_vocab_size);
        let first = layout.layer_norm("bert.embeddings.LayerNorm", features, epsilon);
        let layers = (0..shape.num_hidden_layers)
            .map(|k| {
                let name = format!("bert.encoder.layer.{k}");
                layout.encoder(&name, [features, heads, inner], shape.hidden_act, epsilon)
            })
            .collect();
        let pooler = layout.dense("bert.pooler.dense", features, features);
        let output = layout.dense("classifier", features, classes);
        let of_layer = length * (16 * features + 5 * inner + 4 * heads * length);
        Ok(Self {
            parameters: layout.finish(),
            heads,
            words,
            positions,
            segments,
            first,
            layers,
            pooler,
            output,
            activations: shape.num_hidden_layers * of_layer + 6 * length * features,
        })
    }
}

impl Model for Bert {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn activations(&self) -> usize {
        self.activations
    }

    fn logits(&self, on: &mut Forward, inputs: &Inputs) -> Var {
        let words = inputs.words();
        let [examples, steps] = words.shape();
        // Hugging Face's embeddings of padding count: its scores are what is
        // masked.
        let ones = vec![1.0; examples * steps];
        let ones = on.constant(&ones, [examples * steps, 1]);
        let of_word = self.words.of(on, words.flat_ids(), ones);
        let of_segment = self.segments.of(on, words.flat_segments(), ones);
        let of_position = self.positions.of(on, words.flat_positions(), ones);
        let sum = on.tape.add(of_word, of_segment);
        let sum = on.tape.add(sum, of_position);
        let mut value = self.first.of(on, sum);
        let mask = Attention::mask(on, words.lengths(), steps, self.heads);
        for layer in &self.layers {
            value = layer.of(on, value, mask, examples);
        }
        let first = on.tape.linear(value, EachStep { step: 0, steps });
        let pooled = self.pooler.of(on, first);
        let pooled = on.tape.map(pooled, Elementwise::tanh);
        self.output.of(on, pooled)
    }
}
