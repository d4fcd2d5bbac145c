//! The one-dimensional stability model of the break-even point, and the
//! record types that measurements of trained networks share with it.
//!
//! [`Model`] has Eq. 1 and its thresholds, [`trajectory`] the runs under the
//! paper's assumptions, [`theorem`] what they imply, [`montecarlo`] and
//! [`lyapunov`] what random batches do. `examples/minimal.rs` is the
//! break-even point on one page:
//!
#![doc = concat!("```\n", include_str!("../examples/minimal.rs"), "```")]
#![warn(missing_docs)]

pub mod batches;
pub mod curvatures;
mod double_double;
pub mod interval;
pub mod lyapunov;
pub mod meter;
pub mod model;
pub mod momentum;
pub mod montecarlo;
pub mod noise;
pub mod parameter;
pub mod path;
mod power_equation;
pub mod record;
pub mod sampling;
pub mod schedule;
mod shuffle;
mod stability;
pub mod theorem;
pub mod threshold;
pub mod trajectory;
pub mod weight_decay;

pub use model::Model;
pub use noise::Noise;
pub use sampling::Sampling;
pub use stability::stability;
pub use threshold::StableSet;
