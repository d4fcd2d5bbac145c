//! The options that every command on the model takes, and the models that
//! they name.

use breakeven_sim::parameter::ParameterError;
use breakeven_sim::{Model, Noise, Sampling};

use super::range::{Counts, Reals};
use crate::failure::Failure;

/// Most parameter combinations in one call.
const MOST_MODELS: usize = 1_000_000;

/// The model's parameters. Every one takes a value, a list (0.1,0.2) or a
/// range (1e-3..1:20, evenly spaced in the logarithm; add :linear to change).
#[derive(Clone, Debug, clap::Args)]
pub struct ModelArgs {
    /// η
    #[arg(long, value_name = "ETA", allow_hyphen_values = true)]
    pub learning_rate: Reals,
    /// S, mini-batches are drawn without replacement
    #[arg(long, value_name = "S", allow_hyphen_values = true)]
    pub batch_size: Counts,
    /// N, the number of training examples
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub examples: Counts,
    /// s², the variance of the curvatures H_i over the examples, held fixed
    #[arg(long, value_name = "V", allow_hyphen_values = true,
          conflicts_with_all = ["alpha", "psi0", "lambda0", "psi_exponent"])]
    pub curvature_variance: Option<Reals>,
    /// α in λ_K = αλ_H; with --psi, or with --psi0, --lambda0, --psi-exponent
    #[arg(long, value_name = "A", allow_hyphen_values = true)]
    pub alpha: Option<Reals>,
    /// ψ, a fixed distance to the minimum along e_H¹
    #[arg(long, value_name = "P", allow_hyphen_values = true,
          conflicts_with_all = ["psi0", "lambda0", "psi_exponent"])]
    pub psi: Option<Reals>,
    /// ψ₀ in ψ(λ) = ψ₀ (λ/λ₀)^−k
    #[arg(long, value_name = "P", allow_hyphen_values = true,
          requires_all = ["alpha", "lambda0", "psi_exponent"])]
    pub psi0: Option<Reals>,
    /// λ₀ in the same law
    #[arg(long, value_name = "L", allow_hyphen_values = true, requires = "psi0")]
    pub lambda0: Option<Reals>,
    /// k in the same law; the paper's assumptions ask for 0 or more
    #[arg(long, value_name = "K", allow_hyphen_values = true, requires = "psi0")]
    pub psi_exponent: Option<Reals>,
}

impl ModelArgs {
    /// All combinations, the last option of the list above varying fastest.
    pub fn models(&self) -> Result<Vec<Model>, Failure> {
        let noises = self.noises()?;
        let counts = [
            self.learning_rate.0.len(),
            self.batch_size.0.len(),
            self.examples.0.len(),
        ];
        let many = counts
            .iter()
            .product::<usize>()
            .saturating_mul(noises.len());
        if many > MOST_MODELS {
            let message = format!("{many} combinations, at most {MOST_MODELS}: shorten a range");
            return Err(Failure::input(message));
        }
        let mut models = Vec::with_capacity(many);
        for &eta in &self.learning_rate.0 {
            for &batch_size in &self.batch_size.0 {
                for &examples in &self.examples.0 {
                    let sampling = Sampling::new(batch_size, examples).map_err(named)?;
                    for &noise in &noises {
                        models.push(Model::new(eta, sampling, noise).map_err(named)?);
                    }
                }
            }
        }
        Ok(models)
    }

    fn noises(&self) -> Result<Vec<Noise>, Failure> {
        let list = |option: &Option<Reals>| option.as_ref().map(|reals| reals.0.clone());
        if let Some(variances) = list(&self.curvature_variance) {
            let psis = match list(&self.psi) {
                Some(psis) => psis.into_iter().map(Some).collect(),
                None => vec![None],
            };
            return Ok(pairs(&variances, &psis, |variance, psi| {
                Noise::FixedVariance { variance, psi }
            }));
        }
        let missing = "give --curvature-variance, or --alpha with --psi, or --alpha with --psi0, \
                       --lambda0 and --psi-exponent";
        let alphas = list(&self.alpha).ok_or_else(|| Failure::input(missing))?;
        if let Some(psis) = list(&self.psi) {
            return Ok(pairs(&alphas, &psis, |alpha, psi| Noise::FixedDistance {
                alpha,
                psi,
            }));
        }
        let laws = (
            list(&self.psi0),
            list(&self.lambda0),
            list(&self.psi_exponent),
        );
        let (Some(psi0s), Some(lambda0s), Some(exponents)) = laws else {
            return Err(Failure::input(missing));
        };
        let starts = pairs(&psi0s, &lambda0s, |psi0, lambda0| (psi0, lambda0));
        let laws = pairs(&starts, &exponents, |start, exponent| (start, exponent));
        Ok(pairs(
            &alphas,
            &laws,
            |alpha, ((psi0, lambda0), exponent)| Noise::DistanceLaw {
                alpha,
                psi0,
                lambda0,
                exponent,
            },
        ))
    }
}

/// All pairs, the second varying fastest.
fn pairs<A: Copy, B: Copy, C>(first: &[A], second: &[B], f: impl Fn(A, B) -> C) -> Vec<C> {
    first
        .iter()
        .flat_map(|&a| second.iter().map(move |&b| (a, b)))
        .map(|(a, b)| f(a, b))
        .collect()
}

/// The same error with the option instead of the parameter in words.
pub fn named(error: ParameterError) -> Failure {
    let words = error.parameter().words();
    let option = format!("--{}", words.replace(' ', "-"));
    Failure::input(error.to_string().replacen(words, &option, 1))
}
