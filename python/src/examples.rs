//! Examples in memory: images, and texts as numbers of words.

use std::path::Path;

use breakeven_empirical::compute::Compute;
use breakeven_empirical::data::{Images, TokenParts, Tokens};
use breakeven_empirical::examples::{Examples, Inputs};
use breakeven_empirical::loaded::Labelled;
use breakeven_empirical::model::{Architecture, BertShape, InputShape};
use breakeven_empirical::weights::{CheckpointError, Shapes};
use breakeven_sim::meter::Meter;
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::failure;

/// Numbers of examples, `[n, features]`, in row-major order.
#[derive(FromPyObject)]
pub enum Pixels<'py> {
    /// Divided by 255.
    #[pyo3(transparent)]
    Bytes(PyReadonlyArray2<'py, u8>),
    /// As they are.
    #[pyo3(transparent)]
    Single(PyReadonlyArray2<'py, f32>),
    /// As they are.
    #[pyo3(transparent)]
    Double(PyReadonlyArray2<'py, f64>),
}

/// Examples as they are given.
#[derive(FromPyObject)]
pub enum Given<'py> {
    /// Images, and `[channels, height, width]` of each.
    Images(Pixels<'py>, [usize; 3]),
    /// Texts: numbers of words and, where there are two texts in one, of segments, both
    /// `[n, length]`; words of each; and a BERT's `config.json`, its name and its text.
    Texts(
        PyReadonlyArray2<'py, u32>,
        PyReadonlyArray1<'py, u32>,
        Option<PyReadonlyArray2<'py, u8>>,
        Option<(String, String)>,
    ),
}

impl Given<'_> {
    /// A BERT of the shape that comes with the texts.
    pub fn bert(&self) -> PyResult<Architecture> {
        let Self::Texts(.., Some((name, text))) = self else {
            let words = "bert has its shape in a config.json: give it as config";
            return Err(PyValueError::new_err(words));
        };
        let shape = BertShape::in_config(Path::new(name), text.as_bytes());
        Ok(Architecture::Bert(shape.map_err(|e| failure::value(&e))?))
    }

    /// What the examples have in common, for a network with weights of these shapes.
    pub fn shape(
        &self,
        architecture: &Architecture,
        shapes: &Shapes,
    ) -> Result<InputShape, CheckpointError> {
        let ids = match self {
            Self::Images(_, image) => return Ok(InputShape::Image(*image)),
            Self::Texts(ids, ..) => ids,
        };
        let vocabulary = match architecture {
            Architecture::Bert(shape) => shape.vocab_size,
            _ => None,
        };
        let vocabulary = match vocabulary {
            Some(rows) => rows,
            None => {
                let [rows, _] = shapes.of("embedding.weight")?;
                rows
            }
        };
        let length = ids.as_array().ncols();
        Ok(InputShape::Text { vocabulary, length })
    }

    /// The examples on the device.
    pub fn examples(
        &self,
        labels: &[usize],
        inputs: InputShape,
        classes: usize,
        compute: &Compute,
    ) -> PyResult<Examples> {
        match (self, inputs) {
            (Self::Images(pixels, image), _) => pixels.examples(*image, labels, classes, compute),
            (Self::Texts(ids, lengths, types, _), InputShape::Text { vocabulary, length }) => {
                let types = types.as_ref().map(|types| types.as_slice());
                let tokens = Tokens::new(TokenParts {
                    ids: ids.as_slice()?.to_vec(),
                    lengths: lengths.as_slice()?.to_vec(),
                    token_types: types.transpose()?.map(<[u8]>::to_vec),
                    length,
                    // Tokens have no more classes than 16 bits tell apart, and say so.
                    labels: labels.iter().map(|&label| label as u16).collect(),
                    classes,
                    vocabulary,
                });
                let texts = Labelled::Texts(tokens.map_err(|e| failure::value(&e))?);
                let examples = texts.first(labels.len(), compute, usize::MAX, &Meter::new());
                examples.map_err(|e| failure::value(&e))
            }
            (Self::Texts(..), InputShape::Image(_)) => Err(PyValueError::new_err(
                "texts are given to a network for images",
            )),
        }
    }
}

impl Pixels<'_> {
    fn examples(
        &self,
        image: [usize; 3],
        labels: &[usize],
        classes: usize,
        compute: &Compute,
    ) -> PyResult<Examples> {
        let shape = self.shape();
        let expected = [labels.len(), image.iter().product()];
        if shape != expected {
            let words = format!("images have shape {shape:?}, expected {expected:?}");
            return Err(PyValueError::new_err(words));
        }
        let matrix = match self {
            Self::Bytes(pixels) => {
                // Images have no more classes than 16 bits tell apart, and say so.
                let narrow = labels.iter().map(|&label| label as u16).collect();
                let images = Images::new(pixels.as_slice()?.to_vec(), narrow, image, classes);
                let images = images.map_err(|error| failure::value(&error))?;
                return Ok(Examples::first(&images, labels.len(), compute));
            }
            Self::Single(pixels) => compute.matrix_f32(pixels.as_slice()?.to_vec(), shape),
            Self::Double(pixels) => compute.matrix(pixels.as_slice()?, shape),
        };
        let inputs = Inputs::Features(matrix);
        Ok(Examples::of(inputs, labels, classes, compute))
    }

    fn shape(&self) -> [usize; 2] {
        let (rows, columns) = match self {
            Self::Bytes(pixels) => pixels.as_array().dim(),
            Self::Single(pixels) => pixels.as_array().dim(),
            Self::Double(pixels) => pixels.as_array().dim(),
        };
        [rows, columns]
    }
}

/// The labels, each of one of the classes.
pub fn labels_below(classes: usize, labels: &PyReadonlyArray1<i64>) -> PyResult<Vec<usize>> {
    let of_class = |(index, &label): (usize, &i64)| {
        let known = usize::try_from(label).ok();
        known.filter(|&label| label < classes).ok_or_else(|| {
            PyValueError::new_err(format!(
                "labels: example {index} has the label {label}, the weights have {classes} \
                 outputs: give labels from 0 to below that"
            ))
        })
    };
    labels.as_array().iter().enumerate().map(of_class).collect()
}
