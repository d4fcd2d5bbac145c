//! Figures of Jastrzebski et al., ICLR 2020, from runs that were made.

pub mod path;
pub mod thresholds;
