//! Trains real networks with SGD and measures the covariance of
//! gradients K and the Hessian H along the way.

pub mod augment;
pub mod checkpoint;
pub mod compute;
pub mod config;
pub mod data;
pub mod examples;
mod in_order;
pub mod known;
mod landscape;
pub mod layers;
pub mod loaded;
mod locks;
pub mod measure;
pub mod memory;
pub mod model;
pub mod moments;
pub mod network;
pub mod operator;
pub mod optimiser;
pub mod parameters;
pub mod portrait;
pub mod pretrained;
pub mod random;
pub mod run_folder;
pub mod solver;
pub mod spectrum;
pub mod stream;
mod survey;
pub mod sweep;
pub mod tape;
pub mod train;
