//! The one-dimensional stability model of the break-even point, and the
//! record types that measurements of trained networks share with it.
#![warn(missing_docs)]

mod double_double;
pub mod parameter;
pub mod record;
pub mod sampling;
mod stability;

pub use stability::stability;
