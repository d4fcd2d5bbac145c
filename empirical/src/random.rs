//! One seed a run, one named random stream a purpose: no purpose disturbs
//! another, and a stream can be entered at any index without what came before.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What random numbers are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Initial weights. Index 0.
    Init = 1,
    /// The order of examples in an epoch. Index: the epoch.
    Batches = 2,
    /// The mini-batches that K is measured on. Index: the step.
    MeasurementBatches = 3,
    /// Start vectors of solvers. Index: the step.
    Start = 4,
    /// Probe vectors of traces and densities. Index: the step.
    Probes = 5,
    /// What is done to the examples of a mini-batch. Index: the epoch; the
    /// example is the stream's own number.
    Augmentation = 6,
}

/// The stream of a seed for a purpose, at an index.
///
/// ```
/// use breakeven_empirical::random::{Purpose, stream};
/// use rand::Rng;
///
/// let draw = |purpose, index| stream(7, purpose, index).random::<u64>();
/// assert_eq!(draw(Purpose::Batches, 3), draw(Purpose::Batches, 3));
/// assert_ne!(draw(Purpose::Batches, 3), draw(Purpose::Batches, 4));
/// assert_ne!(draw(Purpose::Batches, 3), draw(Purpose::Probes, 3));
/// ```
pub fn stream(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
    key[16..24].copy_from_slice(&index.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}
