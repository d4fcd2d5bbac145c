//! A BERT in Hugging Face's files against float64 numbers of transformers, and
//! forms in which such files come.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
use breakeven_empirical::config::DataConfig;
use breakeven_empirical::layers::{Forward, Normalisation};
use breakeven_empirical::loaded::{DECODED_BYTES, Labelled, Loaded};
use breakeven_empirical::model::{Architecture, BertShape, InputShape, Model, glorot};
use breakeven_empirical::network::{Loss, Network};
use breakeven_empirical::operator::{Point, PointSettings};
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::tape::{Lane, Tape};
use breakeven_empirical::weights::{Weights, load_weights, weights_in};
use breakeven_sim::meter::Meter;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::reference::fixture;
use crate::tolerance;

pub const CLASSES: usize = 3;

fn truth() -> Value {
    serde_json::from_slice(&fs::read(fixture("pretrained.json")).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    match value.as_array() {
        Some(list) => list.iter().flat_map(numbers).collect(),
        None => vec![value.as_f64().unwrap()],
    }
}

/// Name: shape and bytes.
type Tensors = BTreeMap<String, (Vec<usize>, Vec<u8>)>;

/// A copy of the fixture's folder.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        let folder = Self(tempdir().unwrap());
        for name in ["config.json", "model.safetensors", "vocab.txt"] {
            fs::copy(fixture("bert_tiny").join(name), folder.path().join(name)).unwrap();
        }
        folder
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The same with other values in `config.json`.
    pub fn with(self, changed: &Value) -> Self {
        let path = self.path().join("config.json");
        let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        for (key, value) in changed.as_object().unwrap() {
            config[key] = value.clone();
        }
        fs::write(&path, config.to_string()).unwrap();
        self
    }

    /// The same with other tensors.
    pub fn tensors(self, change: impl FnOnce(&mut Tensors)) -> Self {
        let path = self.path().join("model.safetensors");
        let bytes = fs::read(&path).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let mut all = file
            .iter()
            .map(|(name, view)| {
                (
                    name.to_owned(),
                    (view.shape().to_vec(), view.data().to_vec()),
                )
            })
            .collect();
        change(&mut all);
        let views = all.iter().map(|(name, (shape, data))| {
            let is_count = name.ends_with("position_ids");
            let dtype = if is_count { Dtype::I64 } else { Dtype::F32 };
            (name, TensorView::new(dtype, shape.clone(), data).unwrap())
        });
        fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
        self
    }

    pub fn shape(&self) -> Result<BertShape, String> {
        BertShape::of_folder(self.path()).map_err(|error| self.said(error))
    }

    pub fn said(&self, error: impl std::fmt::Display) -> String {
        let folder = self.path().display().to_string();
        error.to_string().replace(&folder, "FOLDER")
    }

    pub fn model(&self, classes: usize) -> Box<dyn Model> {
        let inputs = InputShape::Text {
            vocabulary: 37,
            length: 20,
        };
        let architecture = Architecture::Bert(self.shape().unwrap());
        architecture.build(inputs, classes).unwrap()
    }

    fn weights(&self) -> Result<Weights, String> {
        let path = self.path().join("model.safetensors");
        load_weights(&path, self.model(CLASSES).parameters()).map_err(|error| self.said(error))
    }
}

pub fn texts(length: usize) -> DataConfig {
    DataConfig {
        length: Some(length),
        ..DataConfig::of("snli-600".to_owned())
    }
}

/// The largest error, relative to `scale`.
#[track_caller]
fn assert_close(what: &str, found: &[f64], expected: &[f64], scale: f64) -> f64 {
    assert_eq!(found.len(), expected.len(), "{what}");
    let errors = found.iter().zip(expected).map(|(found, expected)| {
        let error = (found - expected).abs() / scale;
        assert!(
            error <= tolerance::F64,
            "{what} is {found}, transformers has {expected}"
        );
        error
    });
    errors.fold(0.0, f64::max)
}

/// Compares the BERT in `folder` with transformers' `case`, and says how far
/// they are apart at most: scores, the loss, norms of gradients.
fn compare(folder: &Path, truth: &Value, case: &Value) -> [f64; 3] {
    let count = truth["examples"].as_u64().unwrap() as usize;
    let length = truth["length"].as_u64().unwrap() as usize;
    let architecture = Architecture::Bert(BertShape::of_folder(folder).unwrap());
    let data = Loaded::of(&texts(length), None, &architecture).unwrap();
    let data = data.train;
    let Labelled::Texts(tokens) = &data else {
        panic!("pairs of sentences are texts")
    };
    let ids: Vec<f64> = tokens.ids().iter().map(|&id| f64::from(id)).collect();
    assert_eq!(ids[..count * length], numbers(&truth["ids"]));
    let types = tokens.token_types().unwrap();
    let types: Vec<f64> = types.iter().map(|&of| f64::from(of)).collect();
    assert_eq!(types[..count * length], numbers(&truth["segments"]));

    let compute = Compute::new(DeviceKind::Flex, Precision::F64).unwrap();
    let model = architecture.build(data.shape(), data.classes()).unwrap();
    let layout = model.parameters();
    let (file, bytes) = architecture.pretrained().unwrap().take_weights().unwrap();
    let theta = weights_in(&file, &bytes, layout).unwrap().theta;
    let examples = data
        .first(count, &compute, DECODED_BYTES, &Meter::new())
        .unwrap();
    let mut tape = Tape::new();
    let parameters = layout.split(&theta, &compute);
    let parameters: Vec<_> = parameters.into_iter().map(|p| tape.parameter(p)).collect();
    let mut on = Forward::new(
        &mut tape,
        &parameters,
        Normalisation::Batch,
        Lane::alone(count),
    );
    let logits = model.logits(&mut on, &examples.inputs());
    let logits = to_host(tape.hold(logits).clone());
    let expected = numbers(&case["logits"]);
    let of_scores = assert_close("a score", &logits, &expected, 1.0);

    let network = Network {
        lanes: None,
        model: &*model,
        compute: &compute,
        loss: Loss::CrossEntropy,
        normalisation: Normalisation::Batch,
    };
    let point = Point::new(network, &theta, &examples, PointSettings::default());
    let loss = case["loss"].as_f64().unwrap();
    let of_loss = assert_close("the loss", &[point.score().loss], &[loss], loss);
    let whole = point.squared_gradient_norm().sqrt();
    let norms = case["gradient_norms"].as_object().unwrap();
    assert_eq!(norms.len(), layout.iter().count());
    let of_gradients = layout.parts(point.gradient()).map(|(parameter, part)| {
        let norm = part.iter().map(|x| x * x).sum::<f64>().sqrt();
        let expected = norms[&parameter.name].as_f64().unwrap();
        assert_close(&parameter.name, &[norm], &[expected], whole)
    });
    [of_scores, of_loss, of_gradients.fold(0.0, f64::max)]
}

#[test]
fn pieces_scores_loss_and_gradient_are_those_of_transformers() {
    let truth = truth();
    for case in truth["cases"].as_array().unwrap() {
        let folder = Folder::new().with(&case["changed"]);
        compare(folder.path(), &truth, case);
    }
}

/// `fixtures/reference/make_pretrained.py` makes the folder.
#[test]
#[ignore = "needs a real BERT in the folder that BREAKEVEN_BERT names"]
fn an_official_bert_is_that_of_transformers() {
    let folder = std::env::var_os("BREAKEVEN_BERT").expect("BREAKEVEN_BERT names a folder");
    let folder = Path::new(&folder);
    let truth = fs::read(folder.join("pretrained.json")).unwrap();
    let truth: Value = serde_json::from_slice(&truth).unwrap();
    let [scores, loss, gradients] = compare(folder, &truth, &truth["cases"][0]);
    println!("scores {scores:.1e}, loss {loss:.1e}, gradients {gradients:.1e}");
}

/// As transformers wrote them until 2019, with the heads of pretraining.
fn old(all: &mut Tensors) {
    *all = std::mem::take(all)
        .into_iter()
        .map(|(name, tensor)| {
            let name = name
                .replace("LayerNorm.weight", "LayerNorm.gamma")
                .replace("LayerNorm.bias", "LayerNorm.beta");
            (name, tensor)
        })
        .collect();
    let four = || (vec![4], vec![0; 16]);
    all.insert("cls.predictions.bias".to_owned(), four());
    all.insert(
        "cls.predictions.transform.LayerNorm.gamma".to_owned(),
        four(),
    );
    let positions = (vec![1, 2], [0_i64, 1].map(i64::to_le_bytes).concat());
    all.insert("bert.embeddings.position_ids".to_owned(), positions);
}

fn without_prefix(all: &mut Tensors) {
    *all = std::mem::take(all)
        .into_iter()
        .map(|(name, tensor)| (name.replace("bert.", ""), tensor))
        .collect();
}

#[test]
fn old_and_bare_names_are_the_same_weights_and_it_is_said() {
    let plain = Folder::new().weights().unwrap();
    assert!(plain.notes.is_empty() && plain.lacking.is_empty());

    let weights = Folder::new().tensors(old).weights().unwrap();
    assert_eq!(weights.theta, plain.theta);
    assert_eq!(
        weights.notes,
        [
            "`gamma` and `beta` are the weights and biases of layer normalisations",
            "`cls.*` was ignored, 2 tensors: heads of pretraining, which the model does not have",
            "`embeddings.position_ids` was ignored: it counts positions and is no weight",
        ]
    );

    let weights = Folder::new().tensors(without_prefix).weights().unwrap();
    assert_eq!(weights.theta, plain.theta);
    assert_eq!(
        weights.notes,
        ["`bert.` was put before the names of tensors: the encoder was saved alone"]
    );

    let wrapped = |all: &mut Tensors| {
        old(all);
        without_prefix(all);
        *all = std::mem::take(all)
            .into_iter()
            .map(|(name, tensor)| (format!("module.{name}"), tensor))
            .collect();
    };
    let weights = Folder::new().tensors(wrapped).weights().unwrap();
    assert_eq!(weights.theta, plain.theta);
    assert_eq!(weights.notes.len(), 5);
}

#[test]
fn a_head_that_is_missing_is_drawn_and_nothing_else_is() {
    let plain = Folder::new().weights().unwrap();
    let folder =
        Folder::new().tensors(|all| all.retain(|name, _| !name.starts_with("classifier.")));
    let weights = folder.weights().unwrap();
    assert_eq!(weights.lacking, ["classifier.weight", "classifier.bias"]);

    let model = folder.model(CLASSES);
    let layout = model.parameters();
    let of_seed = |seed| {
        let drawn = glorot(layout, &mut stream(seed, Purpose::Init, 0));
        weights.completed(layout, &drawn)
    };
    let [one, other] = [0, 1].map(of_seed);
    let head = layout.dim() - CLASSES * 9;
    assert_eq!(one[..head], plain.theta[..head]);
    assert_eq!(other[..head], plain.theta[..head]);
    assert_ne!(one[head..], plain.theta[head..]);
    assert_ne!(one[head..], other[head..]);

    let pooler = |all: &mut Tensors| all.retain(|name, _| name.starts_with("bert.e"));
    let weights = Folder::new().tensors(pooler).weights().unwrap();
    assert_eq!(weights.lacking.len(), 4);

    for name in [
        "classifier.bias",
        "bert.pooler.dense.weight",
        "bert.encoder.layer.1.output.dense.bias",
    ] {
        let said = Folder::new()
            .tensors(|all| drop(all.remove(name)))
            .weights();
        let said = said.unwrap_err();
        assert!(said.contains(&format!("has no tensor {name}")), "{said}");
    }
}

/// `tokenizer_config.json` says whether a model tells capitals apart.
#[test]
fn a_cased_model_reads_capitals() {
    let ids = |rules: &str| {
        let folder = Folder::new();
        let pieces = folder.path().join("vocab.txt");
        let text = fs::read_to_string(&pieces).unwrap();
        fs::write(&pieces, text.replacen("\ntwo\n", "\nTwo\n", 1)).unwrap();
        fs::write(folder.path().join("tokenizer_config.json"), rules).unwrap();
        let architecture = Architecture::Bert(folder.shape().unwrap());
        let data = Loaded::of(&texts(20), None, &architecture).unwrap().train;
        let Labelled::Texts(tokens) = data else {
            panic!("pairs of sentences are texts")
        };
        tokens.ids()[..20].to_vec()
    };
    // "Two people …" begins the first example.
    let [unknown, two] = [1, 15];
    assert_eq!(ids(r#"{"do_lower_case": true}"#)[1], unknown);
    assert_eq!(
        ids(r#"{"do_lower_case": false, "model_max_length": 512}"#)[1],
        two
    );
}
