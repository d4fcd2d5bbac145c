//! Where a run is, as safetensors: its weights in PyTorch's names and layout,
//! and what it needs to go on.

use std::path::Path;

use breakeven_sim::record::seal::hexadecimal;
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

use crate::measure::WarmStart;
use crate::optimiser::Clipped;
use crate::parameters::Parameters;
use crate::run_folder::{Followed, FollowedLines};
use crate::weights::file::{RECORDS, Stored, encode, parse, put, read, sealed};
use crate::weights::{Accepted, CheckpointError, Weights, numbers, weights};
use crate::whole::Unfinished;

/// Steps taken and bytes of records, as I64.
const PROGRESS: &str = "breakeven.progress";
const PREVIOUS_STEP: &str = "breakeven.previous_step";
const VELOCITY: &str = "breakeven.velocity";
/// Steps clipped and steps taken since the last measurement, as I64.
const CLIPPED: &str = "breakeven.clipped";
const WARM_HESSIAN: &str = "breakeven.warm_hessian";
const WARM_COVARIANCE: &str = "breakeven.warm_covariance";
/// How far H's top eigenspace may be from that of its vectors.
const WARM_TILT: &str = "breakeven.warm_tilt";
/// Bytes of predictions, as I64, and their SHA-256, as 32 bytes.
const PREDICTED: &str = "breakeven.predictions_bytes";
const PREDICTIONS: &str = "breakeven.predictions_sha256";

/// What helps where a checkpoint is damaged.
const ANEW: &str = "remove the run's folder to start it anew";

/// Where a run is: all that the next step depends on.
///
/// ```
/// use breakeven_empirical::checkpoint::{Checkpoint, taken};
/// # use breakeven_empirical::layers::Layout;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let file = std::env::temp_dir().join(format!("breakeven-checkpoint-{}", std::process::id()));
/// # let mut layout = Layout::new();
/// # layout.dense("fc1", 1, 2);
/// # let parameters = layout.finish();
/// let theta = vec![0.1, 0.2, 0.0, 0.0];
/// let checkpoint = Checkpoint { step: 7, theta, ..Checkpoint::default() };
/// checkpoint.save(&file, &parameters)?;
/// assert_eq!(taken(&file)?.0, 7);
/// assert_eq!(Checkpoint::load(&file, &parameters)?, checkpoint);
/// # std::fs::remove_file(&file)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// Steps taken.
    pub step: u64,
    /// The records and predictions that belong to the steps taken.
    pub followed: Followed,
    /// θ.
    pub theta: Vec<f64>,
    /// Running statistics of batch normalisations, in the order of the model's
    /// buffers.
    pub buffers: Vec<f64>,
    /// The last step taken, ηv, in θ's order; empty before the first.
    pub previous_step: Vec<f64>,
    /// v of momentum, in θ's order; empty before the first step and without
    /// momentum.
    pub velocity: Vec<f64>,
    /// Steps since the last measurement, where gradients are clipped.
    pub clipped: Clipped,
    /// Where the next measurement starts from.
    pub warm: WarmStart,
}

impl Checkpoint {
    /// Writes the checkpoint whole, so that a kill leaves the old one or the
    /// new one.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn save(&self, path: &Path, parameters: &Parameters) -> Result<(), CheckpointError> {
        put(path, self.write(path, parameters)?)
    }

    /// Writes the checkpoint, which gets its place later.
    ///
    /// # Errors
    /// If the file can't be written.
    pub(crate) fn write(
        &self,
        path: &Path,
        parameters: &Parameters,
    ) -> Result<Unfinished, CheckpointError> {
        let stored = parameters.stored();
        let torch = stored.to_torch(&[&self.theta[..], &self.buffers].concat());
        let mut tensors: Vec<Stored> = stored
            .parts(&torch)
            .map(|(parameter, part)| {
                (
                    parameter.name.clone(),
                    parameter.torch_shape(),
                    encode(part),
                )
            })
            .collect();
        let warm = &self.warm;
        for (name, vectors) in [
            (PREVIOUS_STEP, std::slice::from_ref(&self.previous_step)),
            (VELOCITY, std::slice::from_ref(&self.velocity)),
            (WARM_HESSIAN, warm.hessian.as_slice()),
            (WARM_COVARIANCE, warm.covariance.as_slice()),
        ] {
            if let Some(length) = vectors.first().map(Vec::len).filter(|&length| length > 0) {
                tensors.push((
                    name.into(),
                    vec![vectors.len(), length],
                    encode(&vectors.concat()),
                ));
            }
        }
        let tilt = warm
            .tilt
            .map(|tilt| (WARM_TILT.into(), vec![1], encode(&[tilt])));
        tensors.extend(tilt);
        let Clipped { clipped, steps } = self.clipped;
        let Followed {
            records,
            predictions,
        } = &self.followed;
        for (name, counts, needed) in [
            (PROGRESS, &[self.step, records.bytes][..], true),
            (CLIPPED, &[clipped, steps], steps > 0),
            (
                PREDICTED,
                &[predictions.as_ref().map_or(0, |lines| lines.bytes)],
                predictions.is_some(),
            ),
        ] {
            if needed {
                let bytes = counts.iter().flat_map(|count| count.to_le_bytes());
                let encoded = (Dtype::I64, bytes.collect());
                tensors.push((name.into(), vec![counts.len()], encoded));
            }
        }
        for (name, lines) in [
            (RECORDS, Some(records)),
            (PREDICTIONS, predictions.as_ref()),
        ] {
            if let Some(sum) = lines.and_then(|lines| lines.sha256.as_deref()) {
                let sum = bytes_of(sum);
                tensors.push((name.into(), vec![sum.len()], (Dtype::U8, sum)));
            }
        }
        sealed(path, &tensors)
    }

    /// Reads a checkpoint that [`Self::save`] wrote.
    ///
    /// Weights that are not finite are let pass: a run may stop between the
    /// step that made them so and the loss that shows it.
    ///
    /// # Errors
    /// As [`load_weights`](crate::weights::load_weights), or if it holds weights alone.
    pub fn load(path: &Path, parameters: &Parameters) -> Result<Self, CheckpointError> {
        Self::in_bytes(path, &read(path)?, parameters)
    }

    /// The same of a file that was read.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn in_bytes(
        path: &Path,
        bytes: &[u8],
        parameters: &Parameters,
    ) -> Result<Self, CheckpointError> {
        let file = parse(path, bytes, ANEW)?;
        let missing = |what| CheckpointError::NotResumable {
            what,
            path: path.into(),
        };
        let dim = parameters.dim();
        let vectors = |name: &'static str, what: &'static str| {
            let Ok(view) = file.tensor(name) else {
                return Ok(Vec::new());
            };
            match *view.shape() {
                [_, length] if length == dim => {
                    let numbers = numbers(path, name, &view, Accepted::Any)?;
                    Ok(numbers.chunks(dim).map(<[f64]>::to_vec).collect())
                }
                _ => Err(missing(what)),
            }
        };
        let vector = |name, what| {
            let mut all: Vec<Vec<f64>> = vectors(name, what)?;
            match all.len() {
                0 | 1 => Ok(all.pop().unwrap_or_default()),
                _ => Err(missing(what)),
            }
        };
        let (step, followed) = followed(path, &file)?;
        let [clipped, steps] = counts(&file, CLIPPED).unwrap_or_default();
        let Weights {
            theta,
            buffers,
            lacking,
            ..
        } = weights(path, &file, parameters, Accepted::Any)?;
        if let Some(name) = lacking.first() {
            return Err(CheckpointError::Missing {
                path: path.into(),
                name: name.clone(),
            });
        }
        Ok(Self {
            step,
            followed,
            theta,
            buffers,
            previous_step: vector(PREVIOUS_STEP, "last step")?,
            velocity: vector(VELOCITY, "velocity")?,
            clipped: Clipped { clipped, steps },
            warm: WarmStart {
                hessian: vectors(WARM_HESSIAN, "eigenvectors of H")?,
                covariance: vectors(WARM_COVARIANCE, "eigenvectors of K")?,
                tilt: match file.tensor(WARM_TILT) {
                    Ok(view) => numbers(path, WARM_TILT, &view, Accepted::Any)?.pop(),
                    Err(_) => None,
                },
            },
        })
    }
}

/// The steps that a checkpoint has taken, and what it follows, whatever its
/// model.
///
/// # Errors
/// If the file can't be read, is not as it was written, or holds weights alone.
pub fn taken(path: &Path) -> Result<(u64, Followed), CheckpointError> {
    let data = read(path)?;
    followed(path, &parse(path, &data, ANEW)?)
}

/// The steps taken, and what belongs to them.
fn followed(path: &Path, file: &SafeTensors) -> Result<(u64, Followed), CheckpointError> {
    let [step, bytes] = counts(file, PROGRESS).ok_or_else(|| CheckpointError::NotResumable {
        what: "step",
        path: path.into(),
    })?;
    let sum = |name| file.tensor(name).ok().map(|sum| hexadecimal(sum.data()));
    let lines = |bytes, name| FollowedLines {
        bytes,
        sha256: sum(name),
    };
    let followed = Followed {
        records: lines(bytes, RECORDS),
        predictions: counts(file, PREDICTED).map(|[bytes]| lines(bytes, PREDICTIONS)),
    };
    Ok((step, followed))
}

/// So many counts; absent where the file does not say.
fn counts<const COUNT: usize>(file: &SafeTensors, name: &str) -> Option<[u64; COUNT]> {
    let view = file.tensor(name).ok()?;
    let counts: [[u8; 8]; COUNT] = view.data().as_chunks().0.try_into().ok()?;
    (view.dtype() == Dtype::I64).then(|| counts.map(u64::from_le_bytes))
}

/// The bytes of hexadecimal digits.
fn bytes_of(digits: &str) -> Vec<u8> {
    digits
        .as_bytes()
        .chunks(2)
        .filter_map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}
