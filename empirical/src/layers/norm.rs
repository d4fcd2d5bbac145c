//! Normalisation of batches and of features.

use super::{Forward, Layout};
use crate::parameters::Role;
use crate::tape::{Matrix, Over, ScaleColumns, Standardise, Var};

/// PyTorch's ε and its weight of a new batch in running statistics.
const EPSILON: f64 = 1e-5;
const NEW: f64 = 0.1;

/// What batch normalisation normalises by.
#[derive(Clone, Copy, Debug, Default)]
pub enum Normalisation<'a> {
    /// Mean and variance of the batch itself: as in training. An example's
    /// loss then depends on its batch.
    #[default]
    Batch,
    /// Running mean and variance, the model's buffers in order: examples are
    /// independent.
    Running(&'a [Matrix]),
}

/// Mean and variance of a batch at one batch normalisation, `[1, channels]`
/// each; the variance is that of PyTorch's buffers, over n − 1.
#[derive(Clone, Debug)]
pub struct Statistics {
    mean: Matrix,
    variance: Matrix,
}

impl Statistics {
    /// `buffers` after this batch: each keeps nine tenths of what it was.
    pub fn update(all: &[Self], buffers: &[Matrix]) -> Vec<Matrix> {
        let seen = all.iter().flat_map(|seen| [&seen.mean, &seen.variance]);
        let mix = |(old, new): (&Matrix, &Matrix)| {
            old.clone().mul_scalar(1.0 - NEW) + new.clone().mul_scalar(NEW)
        };
        buffers.iter().zip(seen).map(mix).collect()
    }
}

/// Batch normalisation (Ioffe and Szegedy, 2015).
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm {
    weight: usize,
    bias: usize,
    mean: usize,
    variance: usize,
}

/// Layer normalisation (Ba et al., 2016).
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm {
    weight: usize,
    bias: usize,
    epsilon: f64,
}

impl Layout {
    /// Batch normalisation of `channels` columns.
    pub fn batch_norm(&mut self, name: &str, channels: usize) -> BatchNorm {
        let [weight, bias] = self.scale_and_shift(name, channels);
        let outputs = channels;
        BatchNorm {
            weight,
            bias,
            mean: self.buffer(format!("{name}.running_mean"), Role::Bias { outputs }),
            variance: self.buffer(format!("{name}.running_var"), Role::Scale { outputs }),
        }
    }

    /// Layer normalisation of rows of `features` numbers.
    pub fn layer_norm(&mut self, name: &str, features: usize, epsilon: f64) -> LayerNorm {
        let [weight, bias] = self.scale_and_shift(name, features);
        LayerNorm {
            weight,
            bias,
            epsilon,
        }
    }

    fn scale_and_shift(&mut self, name: &str, outputs: usize) -> [usize; 2] {
        [
            self.parameter(format!("{name}.weight"), Role::Scale { outputs }),
            self.parameter(format!("{name}.bias"), Role::Bias { outputs }),
        ]
    }
}

impl BatchNorm {
    /// Of rows `[r, channels]`.
    pub fn of(&self, on: &mut Forward, x: Var) -> Var {
        let standard = match on.normalisation {
            Normalisation::Batch => {
                let rows = on.lane.all_rows(on.tape.shape(x)[0]) as f64;
                // A single row has no variance: PyTorch divides by 0 there.
                let unbiased = rows / (rows - 1.0).max(1.0);
                let (lane, statistics) = (on.lane.clone(), &mut on.statistics);
                on.tape.map(x, |x| {
                    let (map, value) = Standardise::of(x, Over::Rows(lane), EPSILON);
                    statistics.push(Statistics {
                        mean: map.mean().clone(),
                        variance: map.variance().clone().mul_scalar(unbiased),
                    });
                    (map, value)
                })
            }
            Normalisation::Running(buffers) => {
                let away = buffers[self.mean].clone().neg();
                let scale = buffers[self.variance].clone().add_scalar(EPSILON);
                let (away, scale) = (
                    on.tape.constant(away),
                    on.tape.constant(scale.sqrt().recip()),
                );
                let centred = on.tape.add(x, away);
                on.tape.bilinear(centred, scale, ScaleColumns)
            }
        };
        scale_and_shift(on, standard, [self.weight, self.bias])
    }
}

impl LayerNorm {
    /// Of rows `[r, features]`.
    pub fn of(&self, on: &mut Forward, x: Var) -> Var {
        let at = |x: &Matrix| Standardise::of(x, Over::Columns, self.epsilon);
        let standard = on.tape.map(x, at);
        scale_and_shift(on, standard, [self.weight, self.bias])
    }
}

fn scale_and_shift(on: &mut Forward, x: Var, [weight, bias]: [usize; 2]) -> Var {
    let scaled = on.tape.bilinear(x, on.parameter(weight), ScaleColumns);
    on.tape.add(scaled, on.parameter(bias))
}
