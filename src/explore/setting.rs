//! The model that a request describes, under the names of the command line.

use breakeven_sim::{Model, Noise, Sampling};

use super::query::Query;
use super::refusal::Refusal;

/// One of the two settings that are shown side by side.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// `A` or `B`.
    pub name: &'static str,
    /// Its colour in all figures.
    pub look: usize,
    pub model: Model,
}

impl Setting {
    /// `A: η = 0.1, S = 32`.
    pub fn label(&self) -> String {
        let (eta, sampling) = (self.model.learning_rate(), self.model.sampling());
        let size = sampling.batch_size();
        format!("{}: η = {}, S = {size}", self.name, digits(eta))
    }
}

/// The first setting, which every answer needs.
pub fn first(query: &Query) -> Result<Setting, Refusal> {
    let eta = query.needed_real("learning_rate")?;
    setting(query, "A", 0, eta, query.needed_count("batch_size")?)
}

/// The first, and the second where the request has one.
pub fn both(query: &Query) -> Result<Vec<Setting>, Refusal> {
    let first = first(query)?;
    let eta = query.real("learning_rate_2")?;
    let size = query.count("batch_size_2")?;
    if eta.is_none() && size.is_none() {
        return Ok(vec![first]);
    }
    let eta = eta.unwrap_or(first.model.learning_rate());
    let size = size.unwrap_or(first.model.sampling().batch_size());
    Ok(vec![first, setting(query, "B", 1, eta, size)?])
}

fn setting(
    query: &Query,
    name: &'static str,
    look: usize,
    eta: f64,
    size: usize,
) -> Result<Setting, Refusal> {
    let sampling = Sampling::new(size, query.needed_count("examples")?)?;
    let model = Model::new(eta, sampling, noise(query)?)?;
    Ok(Setting { name, look, model })
}

const NOISES: &str = "give curvature_variance, or alpha with psi, or alpha with psi0, lambda0 and \
                      psi_exponent";

fn noise(query: &Query) -> Result<Noise, Refusal> {
    let (alpha, psi) = (query.real("alpha")?, query.real("psi")?);
    let law = (
        query.real("psi0")?,
        query.real("lambda0")?,
        query.real("psi_exponent")?,
    );
    let noise = match (query.real("curvature_variance")?, alpha, psi, law) {
        (Some(variance), None, psi, (None, None, None)) => Noise::FixedVariance { variance, psi },
        (None, Some(alpha), Some(psi), (None, None, None)) => Noise::FixedDistance { alpha, psi },
        (None, Some(alpha), None, (Some(psi0), Some(lambda0), Some(exponent))) => {
            Noise::DistanceLaw {
                alpha,
                psi0,
                lambda0,
                exponent,
            }
        }
        _ => return Err(Refusal::bad_request(NOISES)),
    };
    Ok(noise)
}

/// A number as labels show it: up to four digits.
pub fn digits(value: f64) -> String {
    breakeven_plot::digits(value)
}
