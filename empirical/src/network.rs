//! A model at parameters θ: losses, accuracies and gradients of batches.

use serde::{Deserialize, Serialize};

use crate::compute::{Compute, DeviceKind, ROUNDING_UNITS, to_host};
use crate::examples::Examples;
use crate::in_order::fold_in_order;
use crate::layers::{Forward, Normalisation, Statistics};
use crate::model::Model;
use crate::tape::{Lane, Lanes, Matrix, Tape, Turns, Var};

/// Activations that a gradient computes at once: few enough for a processor's
/// cache, and sums in 32 bits stay short.
const PIECE_ACTIVATIONS: usize = 1 << 20;

/// Examples of a lane, where a batch has enough, and the most lanes of a batch:
/// each has a gradient of its own to be added, and meets all others at every
/// batch normalisation.
const LANE_EXAMPLES: usize = 8;
const MOST_LANES: usize = 8;

/// A model on a device.
///
/// Of two one-pixel images, 1 of class 0 and 0 of class 1, for a dense layer at θ = 0:
///
/// ```
/// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
/// # use breakeven_empirical::examples::Examples;
/// # use breakeven_empirical::model::Architecture;
/// use breakeven_empirical::network::Network;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// # let pixels = compute.matrix(&[1.0, 0.0], [2, 1]);
/// # let examples = Examples::new(pixels, &[0, 1], 2, &compute);
/// # let model = Architecture::Mlp { hidden: vec![] }.build([1, 1, 1], 2)?;
/// let network = Network::new(&*model, &compute);
/// let layout = model.parameters();
/// let theta = layout.split(&vec![0.0; layout.dim()], &compute);
/// let score = network.score(&theta, &examples, 2);
/// assert!((score.loss - 2.0_f64.ln()).abs() < 1e-12);
/// // The mean of (p − y) ⊗ (x, 1), p = (½, ½).
/// let gradient = layout.join(network.gradient(&theta, &examples));
/// assert_eq!(gradient, [-0.25, 0.25, 0.0, 0.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Network<'a> {
    /// The model.
    pub model: &'a dyn Model,
    /// Where it is computed.
    pub compute: &'a Compute,
    /// What batch normalisations normalise by, where it has some.
    pub normalisation: Normalisation<'a>,
    /// What an example loses.
    pub loss: Loss,
    /// In how many lanes a batch is computed whose examples are coupled: by its
    /// size where absent. Other lanes, other bits.
    pub lanes: Option<usize>,
}

/// The loss of an example.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Cross entropy of the softmax of the outputs.
    #[default]
    CrossEntropy,
    /// ½ ‖z − y‖², z the outputs and y a one at the true class.
    Mse,
}

/// Mean loss and accuracy over some examples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// Mean loss.
    pub loss: f64,
    /// Share of examples whose largest logit is that of their class.
    pub accuracy: f64,
}

/// What a step of training takes from a batch.
pub struct BatchStep {
    /// The mean loss.
    pub loss: f64,
    /// The gradient of the weighted sum of losses, one matrix a parameter.
    pub gradient: Vec<Matrix>,
    /// What batch normalisations saw: none but where they took the batch's own
    /// statistics.
    pub statistics: Vec<Statistics>,
}

/// A batch written on a tape, or a lane of it.
pub(crate) struct Written {
    pub(crate) tape: Tape,
    pub(crate) loss: Var,
    logits: Var,
    /// What batch normalisations saw.
    pub(crate) statistics: Vec<Statistics>,
}

impl<'a> Network<'a> {
    /// A model that loses cross entropy, normalised by the statistics of its
    /// batches where it normalises.
    pub fn new(model: &'a dyn Model, compute: &'a Compute) -> Self {
        Self {
            model,
            compute,
            normalisation: Normalisation::Batch,
            loss: Loss::CrossEntropy,
            lanes: None,
        }
    }
}

impl Network<'_> {
    /// Puts the network on tapes, one a lane, for `examples` that are computed
    /// together; `take` is given each with its examples, on the lane's thread.
    pub(crate) fn write_lanes<T: Send>(
        &self,
        parameters: &[Matrix],
        examples: &Examples,
        turns: &Turns,
        take: impl Fn(Written, Examples) -> T + Sync,
    ) -> (Lanes, Vec<T>) {
        let lanes = Lanes::new(examples.len(), self.lane_count(examples.len()), turns);
        let all = lanes.run(|lane| {
            let (first, count) = lane.range();
            let own = examples.range(first, count);
            take(self.write(parameters, &own, lane), own)
        });
        (lanes, all)
    }

    /// Lanes of so many examples: several where they are coupled, on the CPU.
    fn lane_count(&self, examples: usize) -> usize {
        if !self.couples_examples() || self.compute.kind() != DeviceKind::Flex {
            return 1;
        }
        let by_size = (examples / LANE_EXAMPLES).clamp(1, MOST_LANES);
        self.lanes.unwrap_or(by_size)
    }

    /// Puts the network on a tape, for `examples` of a `lane` at `parameters`.
    pub(crate) fn write(&self, parameters: &[Matrix], examples: &Examples, lane: &Lane) -> Written {
        let mut tape = Tape::new();
        let parameters: Vec<Var> = parameters
            .iter()
            .map(|parameter| tape.parameter(parameter.clone()))
            .collect();
        let mut on = Forward::new(&mut tape, &parameters, self.normalisation, lane.clone());
        let logits = self.model.logits(&mut on, &examples.inputs());
        let statistics = on.into_statistics();
        let targets = examples.targets();
        let loss = match self.loss {
            Loss::CrossEntropy => tape.cross_entropy(logits, &targets),
            Loss::Mse => tape.squared_error(logits, &targets),
        };
        Written {
            tape,
            loss,
            logits,
            statistics,
        }
    }

    /// The gradient of the mean loss over `examples`, one matrix a parameter.
    pub fn gradient(&self, parameters: &[Matrix], examples: &Examples) -> Vec<Matrix> {
        let weight = 1.0 / examples.len() as f64;
        self.step(parameters, examples, weight).gradient
    }

    /// The mean loss over `examples`, and the gradient of the sum of their
    /// losses, each weighted by `weight`; on the threads of the current pool, a
    /// piece at a time, with the same bits whatever their number.
    ///
    /// # Panics
    /// If there are no examples.
    pub fn step(&self, parameters: &[Matrix], examples: &Examples, weight: f64) -> BatchStep {
        let (mut loss, mut gradient) = (0.0, None);
        let mut statistics = Vec::new();
        let size = match self.couples_examples() {
            true => examples.len(),
            false => {
                // Each piece has a gradient of its own to be added.
                let most = PIECE_ACTIVATIONS.max(self.model.parameters().dim());
                even(examples.len(), (most / self.model.activations()).max(1))
            }
        };
        let turns = Turns::of_pool();
        let of_piece = |(first, count)| {
            let piece = examples.range(first, count);
            let of_lane = |written: Written, own: Examples| {
                let loss = written.mean_loss() * own.len() as f64;
                let weights = written.weights(weight, self.compute);
                let gradient = written.tape.into_gradient(written.loss, weights);
                (loss, gradient, written.statistics)
            };
            self.write_lanes(parameters, &piece, &turns, of_lane).1
        };
        let pieces = chunks(examples.len(), size);
        fold_in_order(pieces, of_piece, |lanes| {
            for (part, of_lane, seen) in lanes {
                loss += part;
                add_each(&mut gradient, of_lane);
                statistics = seen;
            }
        });
        BatchStep {
            loss: loss / examples.len() as f64,
            gradient: gradient.expect("a gradient is over examples"),
            statistics,
        }
    }

    /// Whether an example's loss depends on its batch.
    pub fn couples_examples(&self) -> bool {
        self.model.parameters().has_buffers() && matches!(self.normalisation, Normalisation::Batch)
    }

    /// The rounding of sums at this precision.
    pub(crate) fn rounding(&self) -> Rounding {
        Rounding {
            epsilon: self.compute.epsilon(),
            tiny: self.compute.tiny() * self.model.parameters().dim() as f64,
        }
    }

    /// Mean loss and accuracy over `examples`: a batch of `batch_size` at a time
    /// where an example's loss depends on its batch, otherwise as many as have
    /// the activations of a piece, so that memory does not grow with pictures.
    /// On the threads of the current pool, with the same bits whatever their
    /// number.
    pub fn score(&self, parameters: &[Matrix], examples: &Examples, batch_size: usize) -> Score {
        let size = match self.couples_examples() {
            true => batch_size,
            false => (PIECE_ACTIVATIONS / self.model.activations()).max(1),
        };
        let turns = Turns::of_pool();
        let of_piece = |(first, count)| {
            let part = examples.range(first, count);
            let of_lane = |written: Written, own| written.sums(&own);
            self.write_lanes(parameters, &part, &turns, of_lane).1
        };
        let mut total = Score::default();
        fold_in_order(chunks(examples.len(), size), of_piece, |lanes| {
            for sums in lanes {
                total.loss += sums.loss;
                total.accuracy += sums.accuracy;
            }
        });
        total.over(examples.len())
    }

    /// The network's outputs, one row an example, where an example's do not
    /// depend on others: in pieces and with the same bits as [`Self::score`].
    ///
    /// # Panics
    /// If they do.
    pub fn outputs(&self, parameters: &[Matrix], examples: &Examples) -> Vec<f64> {
        assert!(!self.couples_examples(), "outputs are each example's own");
        let size = (PIECE_ACTIVATIONS / self.model.activations()).max(1);
        let turns = Turns::of_pool();
        let of_piece = |(first, count)| {
            let part = examples.range(first, count);
            let of_lane = |written: Written, _| to_host(written.tape.value(written.logits).clone());
            self.write_lanes(parameters, &part, &turns, of_lane).1
        };
        let mut all = Vec::new();
        let add = |lanes: Vec<Vec<f64>>| all.extend(lanes.concat());
        fold_in_order(chunks(examples.len(), size), of_piece, add);
        all
    }
}

/// How far rounding may move sums over examples and parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rounding {
    /// The distance from 1 to the next number.
    epsilon: f64,
    /// What underflow may take from a sum over all D parameters.
    tiny: f64,
}

impl Rounding {
    /// Of a sum whose terms have a size of `scale`.
    pub(crate) fn of(self, scale: f64) -> f64 {
        ROUNDING_UNITS * (self.epsilon * scale + self.tiny)
    }
}

impl Written {
    /// The gradient of the sum of losses, each weighted by `weight`.
    pub(crate) fn pull_back(&mut self, weight: f64, compute: &Compute) -> Vec<Matrix> {
        let weights = self.weights(weight, compute);
        self.tape.pull_back(self.loss, weights)
    }

    /// The cotangents alone that `pull_back` leaves on the tape.
    pub(crate) fn pull_cotangents(&mut self, weight: f64, compute: &Compute) {
        let weights = self.weights(weight, compute);
        self.tape.pull_cotangents(self.loss, weights);
    }

    fn weights(&self, weight: f64, compute: &Compute) -> Matrix {
        let [examples, _] = self.tape.value(self.loss).dims();
        compute.full([examples, 1], weight)
    }

    /// The mean loss of these examples.
    pub(crate) fn mean_loss(&self) -> f64 {
        self.tape
            .value(self.loss)
            .clone()
            .mean()
            .into_scalar::<f64>()
    }

    /// Sums of losses and of correct answers. Reads the logits: before the
    /// tape is trimmed.
    pub(crate) fn sums(&self, examples: &Examples) -> Score {
        let losses = to_host(self.tape.value(self.loss).clone());
        let answers = self.tape.value(self.logits).clone().argmax(1);
        let correct = answers.equal(examples.targets().0.argmax(1)).int().sum();
        Score {
            loss: losses.iter().sum(),
            accuracy: correct.into_scalar::<i64>() as f64,
        }
    }
}

impl Score {
    pub(crate) fn over(self, examples: usize) -> Self {
        Self {
            loss: self.loss / examples as f64,
            accuracy: self.accuracy / examples as f64,
        }
    }
}

/// Adds a matrix to each of as many, or begins with them.
pub(crate) fn add_each(total: &mut Option<Vec<Matrix>>, part: Vec<Matrix>) {
    *total = Some(match total.take() {
        Some(total) => total.into_iter().zip(part).map(|(a, b)| a + b).collect(),
        None => part,
    });
}

/// The size of as many pieces of `total` as those of `most` would be, that
/// differ as little as they can: threads that share them end together.
fn even(total: usize, most: usize) -> usize {
    total.div_ceil(total.div_ceil(most))
}

/// `(first, count)` of pieces of `size` that cover `total`.
pub fn chunks(total: usize, size: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..total)
        .step_by(size)
        .map(move |first| (first, size.min(total - first)))
}
