//! Tests of `breakeven-empirical` from outside, in one binary.

mod absent;
mod checker;
mod checkpoint;
mod config;
mod dense;
#[cfg(feature = "wgpu")]
mod device;
mod networks;
mod operations;
mod operators;
mod optimiser;
mod options;
mod pretrained;
mod reference;
mod solver;
mod spectrum;
mod streaming;
mod tape;
mod tolerance;
mod training;
