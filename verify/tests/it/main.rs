//! The crate as its users see it.

mod adjustments;
mod analysis;
mod assumptions;
mod calibration;
mod designs;
mod folders;
mod integrity;
mod momenta;
mod path;
mod predictions;
mod reports;
mod selftest;
mod synthetic;
mod thresholds;
mod trap;
mod umap;
mod unbalanced;
