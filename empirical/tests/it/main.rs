//! Tests of `breakeven-empirical` from outside, in one binary.

mod absent;
mod checker;
mod checkpoint;
mod checkpoint_refusals;
mod config;
mod dense;
#[cfg(feature = "wgpu")]
mod device;
mod lanes;
mod loss_line;
mod momenta;
mod networks;
mod networks_exact;
mod operations;
mod operators;
mod operators_spectra;
mod optimiser;
mod options;
mod predictions;
mod pretrained;
mod pretrained_refusals;
mod reference;
mod solver;
mod solver_bounds;
mod solver_failures;
mod solver_probes;
mod solver_trace;
mod spectrum;
mod streaming;
mod tape;
mod tape_derivatives;
mod tolerance;
mod training;
mod training_damage;
mod training_records;
mod training_resumed;
