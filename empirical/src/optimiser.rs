//! The update rule: SGD with what may be added to it.
//!
//! A step from θ with gradient g, in this order: g is shortened to the norm c
//! where it is longer; w·θ is added to it for the parameters that decay; the
//! velocity v ← βv + g begins at zero; θ ← θ − ηv. That is
//! `torch.optim.SGD` after `torch.nn.utils.clip_grad_norm_`, without dampening
//! or Nesterov's form.

use crate::config::TrainingConfig;
use crate::parameters::Parameters;
use crate::tape::Matrix;

/// What PyTorch adds to a norm that it divides by.
const NORM_ROUNDING: f64 = 1e-6;

/// SGD, with the velocity that it has reached.
///
/// ```
/// use breakeven_empirical::config::TrainingConfig;
/// use breakeven_empirical::optimiser::Sgd;
/// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
/// # use breakeven_empirical::layers::Layout;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// # let mut layout = Layout::new();
/// # layout.dense("fc1", 1, 1);
/// # let layout = layout.finish();
/// let config = TrainingConfig { momentum: 0.5, ..TrainingConfig::plain(1) };
/// let mut sgd = Sgd::new(&config, &layout);
/// let mut theta = layout.split(&[1.0, 1.0], &compute);
/// for _ in 0..2 {
///     let gradient = layout.split(&[2.0, 4.0], &compute);
///     sgd.step(&mut theta, gradient, 0.5);
/// }
/// // v = g, then 3/2 g: θ = 1 − ½ · 5/2 g.
/// assert_eq!(layout.join(theta), [-1.5, -4.0]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Sgd {
    /// β.
    momentum: f64,
    /// w of each parameter.
    decay: Vec<f64>,
    /// c.
    clip_norm: Option<f64>,
    /// v; absent before the first step and without momentum.
    velocity: Option<Vec<Matrix>>,
    /// Steps whose gradient was shortened, and all, since
    /// [`Self::count_anew`].
    clipped: Clipped,
}

/// How many of the steps since the last measurement had a gradient that was
/// shortened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clipped {
    /// Those.
    pub clipped: u64,
    /// All.
    pub steps: u64,
}

impl Clipped {
    /// Their share; absent where there was no step.
    pub fn share(self) -> Option<f64> {
        (self.steps > 0).then(|| self.clipped as f64 / self.steps as f64)
    }
}

impl Sgd {
    /// The rule that a configuration asks for, for a model's parameters.
    pub fn new(config: &TrainingConfig, parameters: &Parameters) -> Self {
        let decay = |parameter| match config.weight_decay_on.holds(parameter) {
            true => config.weight_decay,
            false => 0.0,
        };
        Self {
            momentum: config.momentum,
            decay: parameters.iter().map(decay).collect(),
            clip_norm: config.clip_norm,
            velocity: None,
            clipped: Clipped::default(),
        }
    }

    /// The same rule with the velocity and the counts that it had reached.
    pub fn going_on(self, velocity: Option<Vec<Matrix>>, clipped: Clipped) -> Self {
        Self {
            velocity,
            clipped,
            ..self
        }
    }

    /// v, where there is one.
    pub fn velocity(&self) -> Option<&[Matrix]> {
        self.velocity.as_deref()
    }

    /// How many steps were clipped, where clipping is asked for.
    pub fn clipped(&self) -> Option<Clipped> {
        self.clip_norm.map(|_| self.clipped)
    }

    /// Counts anew.
    pub fn count_anew(&mut self) {
        self.clipped = Clipped::default();
    }

    /// Whether a step is ηg and nothing else.
    fn is_plain(&self) -> bool {
        self.momentum == 0.0 && self.clip_norm.is_none() && self.decay.iter().all(|&w| w == 0.0)
    }

    /// The factor that losses have to be weighted by, beside 1/S, for the
    /// gradient that [`Self::step`] takes: η itself in plain SGD, which then
    /// needs no pass over the gradient.
    pub fn loss_weight(&self, learning_rate: f64) -> f64 {
        if self.is_plain() { learning_rate } else { 1.0 }
    }

    /// Moves θ by one step and says by how much: what was subtracted.
    /// `gradient` is that of losses with the weight [`Self::loss_weight`].
    pub fn step(
        &mut self,
        parameters: &mut [Matrix],
        gradient: Vec<Matrix>,
        learning_rate: f64,
    ) -> Vec<Matrix> {
        let moves = if self.is_plain() {
            gradient
        } else {
            self.direction(parameters, gradient)
                .into_iter()
                .map(|v| v * learning_rate)
                .collect()
        };
        for (parameter, move_by) in parameters.iter_mut().zip(&moves) {
            parameter.inplace(|p| p - move_by.clone());
        }
        moves
    }

    /// v of this step.
    fn direction(&mut self, parameters: &[Matrix], gradient: Vec<Matrix>) -> Vec<Matrix> {
        let coefficient = self.coefficient(&gradient);
        let momentum = self.momentum;
        let before = self.velocity.take();
        let mut before = before.map(Vec::into_iter);
        let mut direction = Vec::with_capacity(gradient.len());
        for ((mut g, parameter), &decay) in gradient.into_iter().zip(parameters).zip(&self.decay) {
            if coefficient < 1.0 {
                g = g * coefficient;
            }
            if decay > 0.0 {
                g = g + parameter.clone() * decay;
            }
            if let Some(v) = before.as_mut().and_then(Iterator::next) {
                g = v * momentum + g;
            }
            direction.push(g);
        }
        if momentum > 0.0 {
            self.velocity = Some(direction.clone());
        }
        direction
    }

    /// What the gradient is multiplied by so that it is no longer than c, and
    /// counts it. A norm that is not finite can't be shortened: the run
    /// diverges, and its loss says so.
    fn coefficient(&mut self, gradient: &[Matrix]) -> f64 {
        let Some(limit) = self.clip_norm else {
            return 1.0;
        };
        let coefficient = limit / (norm(gradient) + NORM_ROUNDING);
        let is_clipped = coefficient > 0.0 && coefficient < 1.0;
        self.clipped.steps += 1;
        self.clipped.clipped += u64::from(is_clipped);
        if is_clipped { coefficient } else { 1.0 }
    }
}

fn norm(matrices: &[Matrix]) -> f64 {
    dot(matrices, matrices).sqrt()
}

fn dot(a: &[Matrix], b: &[Matrix]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a.clone() * b.clone()).sum().into_scalar::<f64>())
        .sum()
}

/// The cosine of the angle between two steps, where both are there and none is
/// zero.
///
/// ```
/// use breakeven_empirical::optimiser::cosine;
/// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// let a = [compute.matrix(&[3.0, 4.0], [1, 2])];
/// let b = [compute.matrix(&[1.0, 0.0], [1, 2])];
/// assert_eq!(cosine(Some(&a), Some(&b)), Some(0.6));
/// assert_eq!(cosine(Some(&a), None), None);
/// # Ok(())
/// # }
/// ```
pub fn cosine(a: Option<&[Matrix]>, b: Option<&[Matrix]>) -> Option<f64> {
    let (a, b) = (a?, b?);
    let cosine = dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
    cosine.is_finite().then_some(cosine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::{Compute, DeviceKind, Precision, to_host};
    use crate::config::Decayed;
    use crate::parameters::{Parameter, Role};

    fn compute() -> Compute {
        Compute::new(DeviceKind::Flex, Precision::F64).unwrap()
    }

    /// A weight and a bias of one number each.
    fn layout() -> Parameters {
        let dense = Role::Dense {
            inputs: 1,
            outputs: 1,
        };
        let named = |name: &str, role| Parameter {
            name: name.into(),
            role,
        };
        Parameters::new(vec![
            named("fc1.weight", dense),
            named("fc1.bias", Role::Bias { outputs: 1 }),
        ])
    }

    /// θ after each step with η = 0.5 from (1, 1), the gradient always (3, 4).
    fn path(config: &TrainingConfig, steps: usize) -> (Vec<[f64; 2]>, Sgd) {
        let (compute, layout) = (compute(), layout());
        let mut sgd = Sgd::new(config, &layout);
        let mut theta = layout.split(&[1.0, 1.0], &compute);
        let mut found = Vec::new();
        for _ in 0..steps {
            let weight = sgd.loss_weight(0.5);
            let gradient = layout.split(&[3.0 * weight, 4.0 * weight], &compute);
            sgd.step(&mut theta, gradient, 0.5);
            let joined = layout.join(theta.clone());
            found.push([joined[0], joined[1]]);
        }
        (found, sgd)
    }

    #[test]
    fn plain_steps_are_the_gradient_times_the_rate() {
        let (found, sgd) = path(&TrainingConfig::plain(1), 2);
        assert_eq!(found, [[-0.5, -1.0], [-2.0, -3.0]]);
        assert!(sgd.velocity().is_none() && sgd.clipped().is_none());
    }

    #[test]
    fn the_velocity_is_a_geometric_sum_of_gradients() {
        let config = TrainingConfig {
            momentum: 0.5,
            ..TrainingConfig::plain(1)
        };
        // v = g, 3/2 g, 7/4 g.
        let (found, sgd) = path(&config, 3);
        assert_eq!(found, [[-0.5, -1.0], [-2.75, -4.0], [-5.375, -7.5]]);
        let velocity = sgd.velocity().unwrap();
        assert_eq!(to_host(velocity[0].clone()), [5.25]);
    }

    #[test]
    fn decay_draws_those_parameters_to_zero_that_are_named() {
        for (on, expected) in [
            (Decayed::All, [-1.0, -1.5]),
            (Decayed::Weights, [-1.0, -1.0]),
            (Decayed::Convolutions, [-0.5, -1.0]),
            (Decayed::Named("*.bias".into()), [-0.5, -1.5]),
        ] {
            let config = TrainingConfig {
                weight_decay: 1.0,
                weight_decay_on: on.clone(),
                ..TrainingConfig::plain(1)
            };
            assert_eq!(path(&config, 1).0, [expected], "{on}");
        }
    }

    #[test]
    fn a_gradient_is_shortened_to_its_norm_and_counted() {
        // ‖(3, 4)‖ = 5.
        let clipped_at = |clip_norm| {
            let config = TrainingConfig {
                clip_norm: Some(clip_norm),
                ..TrainingConfig::plain(1)
            };
            path(&config, 1)
        };
        let (found, sgd) = clipped_at(2.5);
        let shorter = 2.5 / (5.0 + 1e-6);
        for (found, g) in found[0].iter().zip([3.0, 4.0]) {
            assert!((found - (1.0 - 0.5 * g * shorter)).abs() < 1e-15);
        }
        let counts = |clipped| Some(Clipped { clipped, steps: 1 });
        assert_eq!(sgd.clipped(), counts(1));
        let (found, mut sgd) = clipped_at(6.0);
        assert_eq!(found, [[-0.5, -1.0]]);
        assert_eq!(sgd.clipped(), counts(0));
        sgd.count_anew();
        assert_eq!(sgd.clipped().unwrap().share(), None);
    }
}
