//! A BERT as Hugging Face saves it: a folder with `config.json`, the weights
//! as `model.safetensors` and, as a rule, a `vocab.txt`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use breakeven_sim::record::seal::sha256;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::BertShape;
use crate::data::{PIECES_FILE, TextRules};
use crate::layers::Activation;
use crate::locks::lock;
use crate::weights::CheckpointError;

/// The shape.
pub const CONFIG_FILE: &str = "config.json";
/// How texts are put before they are parted into pieces.
const TOKENIZER_FILE: &str = "tokenizer_config.json";
/// The weights, the first that is there: the second is what the conversion of
/// the third is called.
const WEIGHTS: [&str; 2] = ["model.safetensors", "pytorch_model.safetensors"];
const PICKLED: &str = "pytorch_model.bin";

/// Weights that a run starts from, and the files that they came with.
///
/// ```
/// use breakeven_empirical::model::BertShape;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("breakeven-bert-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let config = r#"{
///     "vocab_size": 30522, "hidden_size": 768, "num_hidden_layers": 12,
///     "num_attention_heads": 12, "intermediate_size": 3072,
///     "max_position_embeddings": 512, "type_vocab_size": 2
/// }"#;
/// std::fs::write(folder.join("config.json"), config)?;
/// std::fs::write(folder.join("model.safetensors"), "abc")?;
/// let shape = BertShape::of_folder(&folder)?;
/// assert_eq!(shape.hidden_size, 768);
/// // The first eight digits of the SHA-256 of "abc".
/// let weights = shape.pretrained.ok_or("the folder has weights")?;
/// assert!(weights.weights_sha256.starts_with("ba7816bf"));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pretrained {
    /// The folder.
    pub folder: PathBuf,
    /// The name of the weights' file in it.
    pub weights: String,
    /// SHA-256 of that file.
    pub weights_sha256: String,
    /// SHA-256 of the folder's `vocab.txt`; absent where it has none, and the
    /// data set's is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocabulary_sha256: Option<String>,
    /// What is done to texts before.
    #[serde(default)]
    pub text: TextRules,
    /// That file, as it was when it was hashed.
    #[serde(skip)]
    held: Held,
}

/// A file's bytes, kept from when they were hashed until they are taken, so that
/// a large file is read once. It is no part of what its owner says.
#[derive(Clone, Debug, Default)]
struct Held(Arc<Mutex<Option<Vec<u8>>>>);

impl Held {
    fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Some(bytes))))
    }

    fn take(&self) -> Option<Vec<u8>> {
        lock(&self.0).take()
    }
}

impl PartialEq for Held {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Held {}

/// A folder that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum PretrainedError {
    /// A file can't be read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no configuration.
    #[error(
        "{0} is not there: put the config.json of the model, as Hugging Face saves it, beside its weights"
    )]
    NoConfig(PathBuf),
    /// There are no weights.
    #[error("{0} holds no model.safetensors: put the weights there")]
    NoWeights(PathBuf),
    /// The weights are Python's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The configuration is none.
    #[error("{path} is not what Hugging Face saves of a bert: {source}")]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// A variant that is not computed here.
    #[error("{path}: {key} is {found}, only {known} is computed here: take another model")]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// What it is.
        found: String,
        /// What is known.
        known: &'static str,
    },
    /// A file is not the one that a run was planned with.
    #[error(
        "{path} is not the file that the sweep was begun with (SHA-256 {found}, then {expected}): put that one back, \
         or give another --out"
    )]
    Other {
        /// The file.
        path: PathBuf,
        /// Its hash.
        found: String,
        /// The hash then.
        expected: String,
    },
}

/// `config.json`, as far as the encoder and its head go; what else it holds
/// says how it was trained, or is of generators.
#[derive(Deserialize)]
struct HuggingFace {
    #[serde(default = "bert")]
    model_type: String,
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    #[serde(default = "gelu")]
    hidden_act: String,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    #[serde(default = "epsilon")]
    layer_norm_eps: f64,
    #[serde(default = "absolute")]
    position_embedding_type: String,
    #[serde(default)]
    is_decoder: bool,
    #[serde(default)]
    add_cross_attention: bool,
}

fn bert() -> String {
    "bert".to_owned()
}

fn gelu() -> String {
    "gelu".to_owned()
}

fn absolute() -> String {
    "absolute".to_owned()
}

/// The library's own default.
fn epsilon() -> f64 {
    1e-12
}

impl HuggingFace {
    fn shape(self, path: &Path) -> Result<BertShape, PretrainedError> {
        let known = |key, found: String, known: &'static str| {
            if found == known {
                return Ok(());
            }
            Err(unsupported(path, key, found, known))
        };
        known("model_type", self.model_type, "bert")?;
        let positions = self.position_embedding_type;
        known("position_embedding_type", positions, "absolute")?;
        known("is_decoder", self.is_decoder.to_string(), "false")?;
        let crosses = self.add_cross_attention.to_string();
        known("add_cross_attention", crosses, "false")?;
        Ok(BertShape {
            hidden_size: self.hidden_size,
            num_hidden_layers: self.num_hidden_layers,
            num_attention_heads: self.num_attention_heads,
            intermediate_size: self.intermediate_size,
            max_position_embeddings: self.max_position_embeddings,
            type_vocab_size: self.type_vocab_size,
            hidden_act: activation(path, self.hidden_act)?,
            layer_norm_eps: self.layer_norm_eps,
            vocab_size: Some(self.vocab_size),
            pretrained: None,
        })
    }
}

fn activation(path: &Path, name: String) -> Result<Activation, PretrainedError> {
    let parsed = serde_json::from_value(serde_json::json!(name));
    parsed.map_err(|_| unsupported(path, "hidden_act", name, "gelu, gelu_new or relu"))
}

fn unsupported(
    path: &Path,
    key: &'static str,
    found: String,
    known: &'static str,
) -> PretrainedError {
    PretrainedError::Unsupported {
        path: path.into(),
        key,
        found,
        known,
    }
}

impl BertShape {
    /// The shape in a folder's `config.json`, with the folder's weights to
    /// start from.
    ///
    /// # Errors
    /// Files that are missing, and variants of BERT that are not computed
    /// here.
    pub fn of_folder(folder: &Path) -> Result<Self, PretrainedError> {
        let shape = Self::of_config(folder)?;
        let weights = weights(folder)?;
        let bytes = read(&folder.join(&weights))?;
        let pretrained = Pretrained {
            weights_sha256: sha256(&bytes),
            vocabulary_sha256: present(&folder.join(PIECES_FILE))?.map(|text| sha256(&text)),
            text: text_rules(folder)?,
            folder: folder.to_owned(),
            weights,
            held: Held::new(bytes),
        };
        Ok(Self {
            pretrained: Some(pretrained),
            ..shape
        })
    }

    /// The shape alone.
    ///
    /// # Errors
    /// As [`Self::of_folder`].
    pub fn of_config(folder: &Path) -> Result<Self, PretrainedError> {
        let path = folder.join(CONFIG_FILE);
        let Some(text) = present(&path)? else {
            return Err(PretrainedError::NoConfig(path));
        };
        Self::in_config(&path, &text)
    }

    /// The shape in the `text` of a `config.json`, which errors call `path`.
    ///
    /// # Errors
    /// Another text, and variants of BERT that are not computed here.
    pub fn in_config(path: &Path, text: &[u8]) -> Result<Self, PretrainedError> {
        parse::<HuggingFace>(path, text)?.shape(path)
    }
}

impl Pretrained {
    /// The weights' file and its bytes: those that were hashed, and if they were
    /// taken before, or were hashed by another process, those that are there
    /// now and have the same hash.
    ///
    /// # Errors
    /// If it can't be read, or is another one.
    pub fn take_weights(&self) -> Result<(PathBuf, Vec<u8>), PretrainedError> {
        let path = self.folder.join(&self.weights);
        let bytes = match self.held.take() {
            Some(bytes) => bytes,
            None => same(&path, &self.weights_sha256)?,
        };
        Ok((path, bytes))
    }

    /// The vocabulary's file, where there was one, which is still the one that
    /// it was, and what is done to texts before.
    ///
    /// # Errors
    /// If it can't be read, or is another one.
    pub fn vocabulary(&self) -> Result<Option<(PathBuf, TextRules)>, PretrainedError> {
        let Some(sum) = &self.vocabulary_sha256 else {
            return Ok(None);
        };
        let path = self.folder.join(PIECES_FILE);
        same(&path, sum)?;
        Ok(Some((path, self.text)))
    }
}

/// The vocabulary's file in a folder, where there is one, and what is done to
/// texts before.
///
/// # Errors
/// If what says the latter can't be read.
pub fn vocabulary(folder: &Path) -> Result<Option<(PathBuf, TextRules)>, PretrainedError> {
    let path = folder.join(PIECES_FILE);
    match path.is_file() {
        true => Ok(Some((path, text_rules(folder)?))),
        false => Ok(None),
    }
}

fn text_rules(folder: &Path) -> Result<TextRules, PretrainedError> {
    let path = folder.join(TOKENIZER_FILE);
    match present(&path)? {
        Some(text) => parse(&path, &text),
        None => Ok(TextRules::default()),
    }
}

/// The weights in a folder.
///
/// # Errors
/// If there are none, or only those of Python.
pub fn weights(folder: &Path) -> Result<String, PretrainedError> {
    let there = WEIGHTS.into_iter().find(|name| folder.join(name).is_file());
    if let Some(name) = there {
        return Ok(name.to_owned());
    }
    let path = folder.join(PICKLED);
    if path.is_file() {
        return Err(CheckpointError::PyTorch { path }.into());
    }
    Err(PretrainedError::NoWeights(folder.into()))
}

/// What a file holds, which has to have this hash.
fn same(path: &Path, expected: &str) -> Result<Vec<u8>, PretrainedError> {
    let bytes = read(path)?;
    let found = sha256(&bytes);
    if found == expected {
        return Ok(bytes);
    }
    Err(PretrainedError::Other {
        path: path.into(),
        found,
        expected: expected.to_owned(),
    })
}

fn parse<T: DeserializeOwned>(path: &Path, text: &[u8]) -> Result<T, PretrainedError> {
    serde_json::from_slice(text).map_err(|source| PretrainedError::Json {
        path: path.into(),
        source,
    })
}

fn read(path: &Path) -> Result<Vec<u8>, PretrainedError> {
    std::fs::read(path).map_err(|source| PretrainedError::File {
        path: path.into(),
        source,
    })
}

/// A file's content, where it is there.
fn present(path: &Path) -> Result<Option<Vec<u8>>, PretrainedError> {
    match std::fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PretrainedError::File {
            path: path.into(),
            source,
        }),
    }
}
