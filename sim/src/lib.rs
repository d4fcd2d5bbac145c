//! The one-dimensional stability model of the break-even point, and the
//! record types that measurements of trained networks share with it.
#![warn(missing_docs)]

pub mod record;
