//! K and H of weights and examples in memory.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
use breakeven_empirical::config::BatchNormMode;
use breakeven_empirical::model::Architecture;
use breakeven_empirical::network::Loss;
use breakeven_empirical::portrait::{
    BatchOrder, DensitySettings, Pattern, Portrait, PortraitSettings, Subject,
};
use breakeven_empirical::weights::{CheckpointError, NamedTensor, Shapes, weights_in};
use breakeven_sim::meter::Meter;
use numpy::prelude::*;
use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::PyDict;
use safetensors::tensor::{Dtype, TensorView};

use crate::examples::{Given, labels_below};
use crate::failure;
use crate::work::{carry_out, guarded};

/// What errors call weights that are in no file.
const IN_MEMORY: &str = "weights";

/// Where weights are.
#[derive(FromPyObject)]
pub enum Weights {
    /// In a safetensors file.
    #[pyo3(transparent)]
    File(PathBuf),
    /// In memory.
    #[pyo3(transparent)]
    Tensors(Vec<Tensor>),
}

/// Name, type as safetensors calls it, shape, and numbers in little-endian row-major
/// order.
type Tensor = (String, String, Vec<usize>, PyBackedBytes);

/// The keywords of `measure`.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Asked {
    subset: Option<usize>,
    parameters: Vec<String>,
    per_layer: bool,
    eigenvectors: bool,
    top: usize,
    bottom: usize,
    also: Vec<String>,
    density: usize,
    density_steps: usize,
    loss_line: usize,
    loss_plane: usize,
    halves: bool,
    diagonal_probes: usize,
    learning_rate: Option<f64>,
    batches: usize,
    batch_size: usize,
    batch_order: String,
    tolerance: f64,
    trace_probes: usize,
    trace_tolerance: f64,
    loss: String,
    batch_norm: String,
    seed: u64,
    precision: String,
    threads: Option<usize>,
    memory: Option<u64>,
}

/// The JSON of `breakeven measure --json`, the eigenvectors and the diagonal by their
/// names, and the examples' curvatures along the first.
type Answer<'py> = (String, Bound<'py, PyDict>, Bound<'py, PyArray1<f64>>);

/// Measures K and H.
#[pyfunction]
pub fn measure<'py>(
    py: Python<'py>,
    weights: Weights,
    model: &str,
    given: Given<'py>,
    labels: PyReadonlyArray1<'py, i64>,
    asked: Asked,
) -> PyResult<Answer<'py>> {
    guarded(|| {
        let portrait = portrait(py, weights, model, (&given, &labels), &asked)?;
        answer(py, portrait)
    })
}

fn portrait(
    py: Python,
    weights: Weights,
    model: &str,
    (given, labels): (&Given, &PyReadonlyArray1<i64>),
    asked: &Asked,
) -> PyResult<Portrait> {
    let precision = asked.precision()?;
    let compute = Compute::new(DeviceKind::Flex, precision).map_err(|e| failure::value(&e))?;
    let settings = asked.settings()?;
    let (path, bytes) = weights.bytes()?;
    let shapes = Shapes::in_bytes(&path, &bytes).map_err(|e| failure::checkpoint(&e))?;
    let sized = architecture(model, given)?.of_weights(&shapes);
    let architecture = sized.map_err(|e| failure::checkpoint(&e))?;
    let classes = architecture.classes_of_weights(&shapes);
    let classes = classes.map_err(|e| failure::checkpoint(&e))?;
    let inputs = given.shape(&architecture, &shapes);
    let inputs = inputs.map_err(|e| failure::checkpoint(&e))?;
    let model = architecture.build(inputs, classes);
    let model = model.map_err(|e| failure::value(&e))?;
    let weights = weights_in(&path, &bytes, model.parameters());
    let subject = Subject {
        weights: weights.map_err(|e| failure::checkpoint(&e))?,
        examples: given.examples(&labels_below(classes, labels)?, inputs, classes, &compute)?,
        model: &*model,
        compute: &compute,
    };
    let measured = carry_out(py, |stop| subject.portrait(&settings, &Meter::new(), stop))?;
    measured.map_err(|e| failure::portrait(&e))
}

fn answer(py: Python, portrait: Portrait) -> PyResult<Answer> {
    let text = serde_json::to_string(&portrait);
    let text = text.map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    let vectors = PyDict::new(py);
    for NamedTensor {
        name,
        shape,
        numbers,
    } in portrait.eigenvectors.into_iter().chain(portrait.diagonal)
    {
        vectors.set_item(name, PyArray1::from_vec(py, numbers).reshape(shape)?)?;
    }
    Ok((text, vectors, PyArray1::from_vec(py, portrait.curvatures)))
}

/// The network of this name, with sizes that weights replace.
fn architecture(name: &str, given: &Given) -> PyResult<Architecture> {
    let own = match name {
        "mlp" => "mlp",
        "simplecnn" | "simple-cnn" | "simple_cnn" => "simple_cnn",
        "simple-cnn-bn" | "simple_cnn_bn" => "simple_cnn_bn",
        "resnet" => "resnet",
        "densenet" => "densenet",
        "lstm" => "lstm",
        "bert" => return given.bert(),
        _ => {
            let all = [
                "mlp",
                "simplecnn",
                "simple_cnn_bn",
                "resnet",
                "densenet",
                "lstm",
                "bert",
            ];
            return Err(no_such("model", name, &all));
        }
    };
    Ok(Architecture::of_paper(own))
}

fn no_such(what: &str, found: &str, known: &[&str]) -> PyErr {
    let known = known.join(", ");
    PyValueError::new_err(format!("{what} is {found:?}: give one of {known}"))
}

impl Weights {
    /// A safetensors file, and what errors call it.
    fn bytes(self) -> PyResult<(PathBuf, Vec<u8>)> {
        match self {
            Self::File(path) => {
                let named = |source| CheckpointError::File {
                    path: path.clone(),
                    source,
                };
                let bytes = std::fs::read(&path).map_err(named);
                let bytes = bytes.map_err(|error| failure::checkpoint(&error))?;
                Ok((path, bytes))
            }
            Self::Tensors(tensors) => Ok((Path::new(IN_MEMORY).to_owned(), file_of(&tensors)?)),
        }
    }
}

/// The tensors as a safetensors file, so that they are read as one is.
fn file_of(tensors: &[Tensor]) -> PyResult<Vec<u8>> {
    let mut names = BTreeSet::new();
    if let Some((name, ..)) = tensors.iter().find(|tensor| !names.insert(&tensor.0)) {
        let words = format!("weights hold {name:?} twice: keep one");
        return Err(PyValueError::new_err(words));
    }
    let views = tensors.iter().map(view).collect::<PyResult<Vec<_>>>()?;
    let bytes = safetensors::serialize(views, None);
    bytes.map_err(|error| failure::value(&error))
}

fn view((name, dtype, shape, bytes): &Tensor) -> PyResult<(&str, TensorView<'_>)> {
    let wrong = |why: String| PyValueError::new_err(format!("weights[{name:?}]: {why}"));
    let dtype: Dtype =
        serde_json::from_value(dtype.as_str().into()).map_err(|error| wrong(error.to_string()))?;
    let view = TensorView::new(dtype, shape.clone(), bytes);
    Ok((name, view.map_err(|error| wrong(error.to_string()))?))
}

impl Asked {
    fn precision(&self) -> PyResult<Precision> {
        match self.precision.as_str() {
            "f64" => Ok(Precision::F64),
            "f32" => Ok(Precision::F32),
            other => Err(no_such("precision", other, &["f64", "f32"])),
        }
    }

    fn settings(&self) -> PyResult<PortraitSettings> {
        const GAUSS_NEWTON: &str = "gauss_newton";
        const EMPIRICAL_FISHER: &str = "empirical_fisher";
        let also: Vec<String> = self
            .also
            .iter()
            .map(|name| name.replace('-', "_"))
            .collect();
        let known = [GAUSS_NEWTON, EMPIRICAL_FISHER];
        if let Some(other) = also.iter().find(|name| !known.contains(&name.as_str())) {
            return Err(no_such("also", other, &known));
        }
        let asks_for = |matrix: &str| also.iter().any(|name| name == matrix);
        let pattern = |text: &String| {
            let wrong = |error| PyValueError::new_err(format!("parameters has {text:?}: {error}"));
            Pattern::new(text).map_err(wrong)
        };
        Ok(PortraitSettings {
            subset: self.subset,
            parameters: self
                .parameters
                .iter()
                .map(pattern)
                .collect::<PyResult<_>>()?,
            per_layer: self.per_layer,
            eigenvectors: self.eigenvectors,
            top: self.top,
            bottom: self.bottom,
            gauss_newton: asks_for(GAUSS_NEWTON),
            empirical_fisher: asks_for(EMPIRICAL_FISHER),
            density: (self.density > 0).then_some(DensitySettings {
                probes: self.density,
                steps: self.density_steps,
            }),
            loss_line_points: self.loss_line,
            loss_plane_points: self.loss_plane,
            halves: self.halves,
            diagonal_probes: Some(self.diagonal_probes).filter(|&probes| probes > 0),
            learning_rate: self.learning_rate,
            batches: self.batches,
            batch_size: self.batch_size,
            batch_order: match self.batch_order.as_str() {
                "random" => BatchOrder::Random,
                "sequential" => BatchOrder::Sequential,
                other => return Err(no_such("batch_order", other, &["random", "sequential"])),
            },
            tolerance: self.tolerance,
            trace_probes: self.trace_probes,
            trace_tolerance: self.trace_tolerance,
            loss: match self.loss.as_str() {
                "cross-entropy" | "cross_entropy" => Loss::CrossEntropy,
                "mse" => Loss::Mse,
                other => return Err(no_such("loss", other, &["cross_entropy", "mse"])),
            },
            batch_norm: match self.batch_norm.as_str() {
                "batch" => BatchNormMode::Batch,
                "running" => BatchNormMode::Running,
                other => return Err(no_such("batch_norm", other, &["batch", "running"])),
            },
            seed: self.seed,
            threads: self.threads,
            memory: self.memory,
            ..PortraitSettings::default()
        })
    }
}
