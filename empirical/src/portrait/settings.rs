//! What a portrait is asked for.

use std::sync::Arc;

use glob::Pattern;

use crate::compute::{Compute, DeviceKind};
use crate::config::{
    BatchNormMode, LEAST_POINTS, MOST_BATCHES, MOST_DENSITY_STEPS, MOST_POINTS, MOST_PROBES,
    most_eigenvalues,
};
use crate::data::DataError;
use crate::loaded::DECODED_BYTES;
use crate::memory;
use crate::model::ModelError;
use crate::network::Loss;
use crate::operator::PointSettings;
use crate::parameters::{Parameter, Parameters};
use crate::solver::NotDeterministic;
use crate::weights::CheckpointError;

/// Numbers of a piece of the examples while it is computed: few enough that a
/// processor's cache holds most of them, and that all cores get pieces.
const PIECE_NUMBERS: usize = 1 << 20;

/// Points of the loss in a plane each way, at most.
const MOST_PLANE_POINTS: usize = 201;

/// What is measured, and how exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct PortraitSettings {
    /// The first so many examples; all where absent.
    pub subset: Option<usize>,
    /// Names of the parameters that vary, as patterns with `*` and `?`; all of them
    /// where there is none.
    pub parameters: Vec<Pattern>,
    /// Whether each layer is measured by itself too.
    pub per_layer: bool,
    /// Whether eigenvectors are kept.
    pub eigenvectors: bool,
    /// Largest eigenvalues of H and K.
    pub top: usize,
    /// Smallest eigenvalues of H.
    pub bottom: usize,
    /// Whether the Gauss–Newton matrix is measured too.
    pub gauss_newton: bool,
    /// Whether the second moment of the examples' gradients is.
    pub empirical_fisher: bool,
    /// Spectral densities of all matrices that are measured, but K^M; none where
    /// absent.
    pub density: Option<DensitySettings>,
    /// Points of the loss along e_H¹, an odd number; 0: not measured.
    pub loss_line_points: usize,
    /// The same each way in the plane of e_H¹ and e_H².
    pub loss_plane_points: usize,
    /// Whether H and K are measured on two halves of the examples too.
    pub halves: bool,
    /// Random vectors by which the diagonal of H is estimated; exact where there are
    /// no more parameters, and not measured where absent.
    pub diagonal_probes: Option<usize>,
    /// η of the step of SGD whose stability is measured; none where absent.
    pub learning_rate: Option<f64>,
    /// L.
    pub batches: usize,
    /// M.
    pub batch_size: usize,
    /// Which examples mini-batches hold.
    pub batch_order: BatchOrder,
    /// Bound on eigenvalues' errors, relative to the largest.
    pub tolerance: f64,
    /// Products and probes for Tr H, at most.
    pub trace_probes: usize,
    /// Standard error of Tr H at which its estimate stops, relative to it.
    pub trace_tolerance: f64,
    /// What an example loses.
    pub loss: Loss,
    /// What batch normalisations normalise by; the batches that H is the mean
    /// over have `batch_size` examples.
    pub batch_norm: BatchNormMode,
    /// Of probes and random batches.
    pub seed: u64,
    /// Threads; no number depends on it. All cores where absent, but one where
    /// the device is no CPU.
    pub threads: Option<usize>,
    /// Bytes for values that are kept between products; no number depends on
    /// it. Where absent, half of what is free.
    pub memory: Option<u64>,
    /// Bytes that decoded pictures may take; of more, each is decoded whenever
    /// it is needed, and no number depends on it.
    pub decoded_bytes: usize,
}

/// How a spectral density is estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DensitySettings {
    /// Random vectors.
    pub probes: usize,
    /// Products for each.
    pub steps: usize,
}

/// Which examples mini-batches hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchOrder {
    /// Batch j holds examples jM to (j+1)M − 1.
    Sequential,
    /// Each is drawn without replacement.
    Random,
}

impl Default for PortraitSettings {
    /// Those of `breakeven measure` without options: λ_H¹ and λ_K¹ of all
    /// parameters, L = 25 (paper, App. C), M = 64.
    fn default() -> Self {
        Self {
            subset: None,
            parameters: Vec::new(),
            per_layer: false,
            eigenvectors: false,
            top: 1,
            bottom: 0,
            gauss_newton: false,
            empirical_fisher: false,
            density: None,
            loss_line_points: 0,
            loss_plane_points: 0,
            halves: false,
            diagonal_probes: None,
            learning_rate: None,
            batches: 25,
            batch_size: 64,
            batch_order: BatchOrder::Random,
            tolerance: 1e-6,
            trace_probes: 100,
            trace_tolerance: 0.01,
            loss: Loss::CrossEntropy,
            batch_norm: BatchNormMode::Batch,
            seed: 0,
            threads: None,
            memory: None,
            decoded_bytes: DECODED_BYTES,
        }
    }
}

/// A portrait that can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum PortraitError {
    /// The model does not fit the images.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The weights.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A picture.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A picture that could be read before.
    #[error(transparent)]
    Unreadable(Arc<DataError>),
    /// The device.
    #[error(transparent)]
    NotDeterministic(#[from] NotDeterministic),
    /// A setting out of its range.
    #[error("{name} is {found}: give {expected}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it is.
        found: String,
        /// What it may be.
        expected: String,
    },
    /// The loss or its derivatives overflow.
    #[error(
        "{0} is not finite at these weights: the checkpoint is of a diverged training, or of another model"
    )]
    NotFinite(&'static str),
    /// Whoever waited for it does no longer.
    #[error("the measurement was stopped before its end")]
    Stopped,
    /// The threads.
    #[error("threads can't be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

fn setting(name: &'static str, found: String, expected: String) -> Result<(), PortraitError> {
    Err(PortraitError::Setting {
        name,
        found,
        expected,
    })
}

impl PortraitSettings {
    pub(super) fn check(&self, available: usize) -> Result<(), PortraitError> {
        self.check_shapes()?;
        let examples = self.subset.unwrap_or(available);
        if examples == 0 || examples > available {
            let expected = format!("1 to {available}, the training examples found");
            return setting("--subset", examples.to_string(), expected);
        }
        if self.top == 0 {
            return setting("--top", "0".into(), "at least 1".into());
        }
        if !(2..=MOST_BATCHES).contains(&self.batches) {
            let expected = format!("2 to {MOST_BATCHES}");
            return setting("--batches", self.batches.to_string(), expected);
        }
        if self.trace_probes < 2 {
            return setting(
                "--trace-probes",
                self.trace_probes.to_string(),
                "at least 2".into(),
            );
        }
        if !(self.trace_tolerance > 0.0 && self.trace_tolerance < 1.0) {
            return setting(
                "--trace-tolerance",
                self.trace_tolerance.to_string(),
                "a number above 0 and below 1".into(),
            );
        }
        if !(self.tolerance > 0.0 && self.tolerance < 1.0) {
            let expected = "a number above 0 and below 1".into();
            return setting("--tolerance", self.tolerance.to_string(), expected);
        }
        let largest = match self.batch_order {
            BatchOrder::Random => examples,
            BatchOrder::Sequential => examples / self.batches,
        };
        if self.batch_size == 0 || self.batch_size > largest {
            let expected = match (self.batch_order, largest) {
                (BatchOrder::Sequential, 0) => {
                    format!("at most {examples} --batches, one example each")
                }
                _ => format!(
                    "1 to {largest}: {examples} examples are measured in {} batches",
                    self.batches
                ),
            };
            return setting("--batch-size", self.batch_size.to_string(), expected);
        }
        Ok(())
    }

    /// Densities and losses near θ.
    fn check_shapes(&self) -> Result<(), PortraitError> {
        if let Some(DensitySettings { probes, steps }) = self.density {
            if probes > MOST_PROBES {
                let expected = format!("at most {MOST_PROBES}");
                return setting("--density", probes.to_string(), expected);
            }
            if !(1..=MOST_DENSITY_STEPS).contains(&steps) {
                let expected = format!("1 to {MOST_DENSITY_STEPS}");
                return setting("--density-steps", steps.to_string(), expected);
            }
        }
        if let Some(probes) = self.diagonal_probes
            && !(2..=MOST_PROBES).contains(&probes)
        {
            let expected = format!("2 to {MOST_PROBES}");
            return setting("--diagonal-probes", probes.to_string(), expected);
        }
        if let Some(eta) = self.learning_rate
            && !(eta > 0.0 && eta.is_finite())
        {
            let expected = "a number above 0".into();
            return setting("--learning-rate", eta.to_string(), expected);
        }
        for (name, points, most) in [
            ("--loss-line", self.loss_line_points, MOST_POINTS),
            ("--loss-plane", self.loss_plane_points, MOST_PLANE_POINTS),
        ] {
            if points > 0 && (points % 2 == 0 || !(LEAST_POINTS..=most).contains(&points)) {
                let expected = format!("an odd number from {LEAST_POINTS} to {most}, such as 21");
                return setting(name, points.to_string(), expected);
            }
        }
        if self.loss_plane_points > 0 && self.top < 2 {
            let expected = "--top 2 at least beside it: the plane is that of two eigenvectors";
            let points = self.loss_plane_points.to_string();
            return setting("--loss-plane", points, expected.into());
        }
        Ok(())
    }

    /// Whether a parameter of this name varies.
    pub(super) fn varies(&self, name: &str) -> bool {
        let any = self.parameters.iter().any(|pattern| pattern.matches(name));
        any || self.parameters.is_empty()
    }

    /// Every pattern names a parameter, and there are as many eigenvalues as are
    /// asked for.
    pub(super) fn check_parameters(&self, layout: &Parameters) -> Result<(), PortraitError> {
        self.check_names(layout)?;
        let varying = layout.iter().filter(|p| self.varies(&p.name));
        self.check_top(varying.map(Parameter::len).sum())
    }

    fn check_names(&self, layout: &Parameters) -> Result<(), PortraitError> {
        let names = || layout.iter().map(|parameter| parameter.name.as_str());
        let lost = |pattern: &&Pattern| !names().any(|name| pattern.matches(name));
        let Some(lost) = self.parameters.iter().find(lost) else {
            return Ok(());
        };
        Err(PortraitError::Setting {
            name: "--parameters",
            found: lost.to_string(),
            expected: format!(
                "a name, or a pattern with * and ?, that fits one of {}",
                names().collect::<Vec<_>>().join(", ")
            ),
        })
    }

    /// The same for a part of the network, of so many parameters.
    pub(super) fn of_part(&self, parameters: usize) -> Self {
        Self {
            top: self.top.min(parameters),
            bottom: self.bottom.min(parameters),
            ..self.clone()
        }
    }

    /// There are no more eigenvalues than parameters, and not too many.
    fn check_top(&self, parameters: usize) -> Result<(), PortraitError> {
        let most = most_eigenvalues(parameters);
        let (name, asked) = match self.top > most {
            true => ("--top", self.top),
            false => ("--bottom", self.bottom),
        };
        if asked <= most {
            return Ok(());
        }
        let why = match (most == parameters, self.parameters.is_empty()) {
            (true, true) => ", the parameters of the model",
            (true, false) => ", the parameters that vary",
            (false, _) => "",
        };
        Err(PortraitError::Setting {
            name,
            found: asked.to_string(),
            expected: format!("1 to {most}{why}"),
        })
    }

    /// As many threads as there are cores is 0.
    pub(super) fn threads(&self, compute: &Compute) -> usize {
        self.threads.unwrap_or(match compute.kind() {
            DeviceKind::Flex => 0,
            DeviceKind::Wgpu | DeviceKind::Cuda => 1,
        })
    }

    /// What may be kept between products. The memory of another device is not
    /// known, nor that of some systems: then the default.
    pub(super) fn point(&self, compute: &Compute) -> PointSettings {
        let default = PointSettings {
            piece_numbers: PIECE_NUMBERS,
            batch_size: Some(self.batch_size),
            ..PointSettings::default()
        };
        let free = || memory::available().filter(|_| compute.kind() == DeviceKind::Flex);
        let Some(bytes) = self.memory.or_else(|| free().map(|bytes| bytes / 2)) else {
            return default;
        };
        let number = compute.number_bytes() as u64;
        PointSettings {
            kept_numbers: usize::try_from(bytes / number).unwrap_or(usize::MAX),
            ..default
        }
    }
}
