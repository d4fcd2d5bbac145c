//! The mini-batches that a run sees, in their order.

use rand::seq::SliceRandom;

use crate::augment::{Crop, cropped};
use crate::config::Augmentation;
use crate::examples::Examples;
use crate::model::InputShape;
use crate::random::{Purpose, stream};

use super::spec::steps_an_epoch;
use super::{RunSpec, Shared};

/// A run's mini-batches, S examples each, from seed and step alone.
pub struct Batches<'a> {
    shared: &'a Shared<'a>,
    spec: RunSpec,
    /// The order of examples in the epoch of this number.
    order: (u64, Vec<usize>),
}

impl<'a> Batches<'a> {
    /// Those of the run `spec`.
    pub fn new(shared: &'a Shared<'a>, spec: RunSpec) -> Self {
        Self {
            shared,
            spec,
            order: (u64::MAX, Vec::new()),
        }
    }

    /// Epochs that are over before `step`.
    pub fn epoch(&self, step: u64) -> u64 {
        step / steps_an_epoch(self.shared, self.spec)
    }

    /// What `step` sees: S examples in the epoch's own order, augmented.
    pub fn at(&mut self, step: u64) -> Examples {
        let size = self.spec.batch_size;
        let epoch = self.epoch(step);
        let within = (step % steps_an_epoch(self.shared, self.spec)) as usize;
        if self.order.0 != epoch {
            let mut order: Vec<usize> = (0..self.shared.train.len()).collect();
            order.shuffle(&mut stream(self.spec.seed, Purpose::Batches, epoch));
            self.order = (epoch, order);
        }
        let chosen = &self.order.1[within * size..(within + 1) * size];
        let examples = self.shared.train.select(chosen);
        match (self.shared.config.training.augment, self.shared.inputs) {
            (Augmentation::PadCropFlip, InputShape::Image(image)) => {
                let drawn = |&example: &usize| Crop::drawn(self.spec.seed, epoch, example);
                let crops: Vec<Crop> = chosen.iter().map(drawn).collect();
                examples.with_features(|pixels| cropped(pixels, image, &crops))
            }
            // Augmentation of anything else was refused before.
            _ => examples,
        }
    }
}
