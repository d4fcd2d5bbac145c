//! Portraits of whatever is in memory.

use std::sync::atomic::{AtomicBool, Ordering};

use breakeven_sim::meter::Meter;
use rayon::ThreadPoolBuilder;

use super::{LayerPortrait, Portrait, PortraitError, PortraitSettings};
use crate::compute::Compute;
use crate::examples::Examples;
use crate::model::{Model, glorot};
use crate::network::Network;
use crate::parameters::Parameters;
use crate::random::{Purpose, stream};
use crate::weights::Weights;

/// Where products are counted, and what is raised where the rest is to be
/// abandoned.
pub(super) type Watch<'a> = (&'a Meter, &'a AtomicBool);

/// A network at its weights, on examples, wherever they came from.
///
/// Of two one-pixel images, 1 of class 0 and 0 of class 1, for a dense layer at θ = 0:
///
/// ```
/// use breakeven_empirical::weights::Weights;
/// use breakeven_empirical::portrait::{PortraitSettings, Subject};
/// # use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
/// # use breakeven_empirical::{examples::Examples, model::Architecture};
/// # use breakeven_sim::meter::Meter;
/// # use std::sync::atomic::AtomicBool;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
/// # let pixels = compute.matrix(&[1.0, 0.0], [2, 1]);
/// # let examples = Examples::new(pixels, &[0, 1], 2, &compute);
/// # let model = Architecture::Mlp { hidden: vec![] }.build([1, 1, 1], 2)?;
/// let weights = Weights { theta: vec![0.0; 4], buffers: vec![], lacking: vec![], notes: vec![] };
/// let subject = Subject { model: &*model, weights, examples, compute: &compute };
/// let settings = PortraitSettings { batches: 2, batch_size: 1, ..PortraitSettings::default() };
/// let portrait = subject.portrait(&settings, &Meter::new(), &AtomicBool::new(false))?;
/// // The gradients are ½(−1, 1) ⊗ (1, 1) and ½(1, −1) ⊗ (0, 1): ‖g‖² = ⅛ and Tr K = ⅝.
/// assert!((portrait.gradient_norm - 0.125_f64.sqrt()).abs() < 1e-12);
/// assert!(portrait.gradient_noise_scale.is_some_and(|scale| (scale - 5.0).abs() < 1e-10));
/// # Ok(())
/// # }
/// ```
pub struct Subject<'a> {
    /// The network, one of this crate's or one of your own.
    pub model: &'a dyn Model,
    /// Its weights.
    pub weights: Weights,
    /// What it is measured on, of as many classes as it has outputs and as many
    /// numbers each as it takes.
    pub examples: Examples,
    /// Where the examples are and all is computed.
    pub compute: &'a Compute,
}

impl Subject<'_> {
    /// Measures K and H. Once `stop` is raised, by any thread, the product that
    /// is being computed is the last.
    ///
    /// # Errors
    /// Settings that do not fit the network or the examples, weights at which
    /// the loss is not finite, and [`PortraitError::Stopped`].
    pub fn portrait(
        mut self,
        settings: &PortraitSettings,
        meter: &Meter,
        stop: &AtomicBool,
    ) -> Result<Portrait, PortraitError> {
        settings.check(self.examples.len())?;
        let layout = self.model.parameters();
        settings.check_parameters(layout)?;
        let theta = settings.complete(&mut self.weights, layout);
        let buffers = layout.buffers().split(&self.weights.buffers, self.compute);
        let network = Network {
            lanes: None,
            model: self.model,
            compute: self.compute,
            loss: settings.loss,
            normalisation: settings.batch_norm.with(&buffers),
        };
        let examples = match settings.subset {
            Some(count) if count < self.examples.len() => self.examples.range(0, count),
            _ => self.examples,
        };
        let pool = ThreadPoolBuilder::new()
            .num_threads(settings.threads(self.compute))
            .build()?;
        let watch = (meter, stop);
        let part = |layer: Option<&str>| settings.part(network, &theta, &examples, layer, watch);
        let of_layer = |layer: String| -> Result<LayerPortrait, PortraitError> {
            let portrait = part(Some(&layer))?;
            Ok(LayerPortrait { layer, portrait })
        };
        let measured = pool.install(|| {
            let layers = settings.layers(layout).into_iter();
            part(None).and_then(|whole| {
                let layers = layers.map(of_layer).collect::<Result<_, _>>()?;
                Ok(Portrait { layers, ..whole })
            })
        });
        examples.failure().map_err(PortraitError::Unreadable)?;
        // Products of an abandoned survey are NaN, whatever is said of them.
        if stop.load(Ordering::Relaxed) {
            return Err(PortraitError::Stopped);
        }
        let mut portrait = measured?;
        self.weights.notes.append(&mut portrait.notes);
        portrait.notes = self.weights.notes;
        Ok(portrait)
    }
}

impl PortraitSettings {
    /// θ, with what the file lacks drawn as a run of this seed draws it.
    fn complete(&self, weights: &mut Weights, layout: &Parameters) -> Vec<f64> {
        if weights.lacking.is_empty() {
            return std::mem::take(&mut weights.theta);
        }
        let lacking = weights.lacking.join(", ");
        let seed = self.seed;
        weights.notes.push(format!(
            "{lacking} is missing and was drawn, as a run of seed {seed} draws it (--seed)"
        ));
        let drawn = glorot(layout, &mut stream(seed, Purpose::Init, 0));
        weights.completed(layout, &drawn)
    }
}
