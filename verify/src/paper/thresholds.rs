//! The break-even λ_H that Eq. 4 predicts against the one that is observed
//! ([`crate::thresholds`]), over runs of all networks, as a page of its own.

mod page;

pub use crate::thresholds::*;
pub use page::{THRESHOLDS_FOLDER, write};
