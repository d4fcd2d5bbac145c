//! A network of which some parameters vary and the others stay as they are.

use crate::compute::Compute;
use crate::examples::Inputs;
use crate::layers::Forward;
use crate::parameters::{Parameter, Parameters};
use crate::tape::{Matrix, Var};

use super::Model;

/// A model in which chosen parameters alone vary: to it the others are data, and
/// what is measured of it is the block of H, of K or of another matrix that
/// belongs to the chosen ones. Sweeps leave out what the others would take.
///
/// ```
/// use breakeven_empirical::model::{Architecture, Model, Partial};
/// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// let whole = Architecture::Mlp { hidden: vec![] }.build([1, 1, 2], 2)?;
/// let theta = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
/// let biases = Partial::new(&*whole, &theta, &compute, |p| p.name.ends_with("bias"));
/// assert_eq!(biases.parameters().dim(), 2);
/// assert_eq!(biases.part_of(&theta), [5.0, 6.0]);
/// # Ok(())
/// # }
/// ```
pub struct Partial<'a> {
    whole: &'a dyn Model,
    parameters: Parameters,
    /// Of each parameter of the whole, the value where it does not vary.
    fixed: Vec<Option<Matrix>>,
}

impl<'a> Partial<'a> {
    /// `whole` at `theta`, with the parameters varying that are `chosen`.
    ///
    /// # Panics
    /// If none is, or `theta` is not of the whole's length.
    pub fn new(
        whole: &'a dyn Model,
        theta: &[f64],
        compute: &Compute,
        chosen: impl Fn(&Parameter) -> bool,
    ) -> Self {
        let layout = whole.parameters();
        let parameters = layout.only(&chosen);
        assert!(parameters.dim() > 0, "some parameters vary");
        let values = layout.iter().zip(layout.split(theta, compute));
        Self {
            whole,
            parameters,
            fixed: values
                .map(|(parameter, value)| (!chosen(parameter)).then_some(value))
                .collect(),
        }
    }

    /// The part of a vector in the whole's order that belongs to what varies.
    ///
    /// # Panics
    /// If it has another length.
    pub fn part_of(&self, vector: &[f64]) -> Vec<f64> {
        let parts = self.whole.parameters().parts(vector).zip(&self.fixed);
        let own = parts.filter(|(_, fixed)| fixed.is_none());
        own.flat_map(|((_, part), _)| part).copied().collect()
    }
}

impl Model for Partial<'_> {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn activations(&self) -> usize {
        self.whole.activations()
    }

    fn logits(&self, on: &mut Forward, inputs: &Inputs) -> Var {
        let mut varying = 0;
        let mut all = Vec::with_capacity(self.fixed.len());
        for fixed in &self.fixed {
            all.push(match fixed {
                Some(value) => on.tape.constant(value.clone()),
                None => {
                    varying += 1;
                    on.parameter(varying - 1)
                }
            });
        }
        on.with_parameters(&all, |on| self.whole.logits(on, inputs))
    }
}
