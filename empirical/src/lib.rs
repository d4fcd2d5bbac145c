//! Trains real networks with SGD and measures the covariance of
//! gradients K and the Hessian H along the way.
//!
//! λ_H and λ_K of a network at θ, here a dense layer of zeros, on a white image of
//! class 0 and a black one of class 1:
//!
//! ```
//! use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
//! use breakeven_empirical::data::Images;
//! use breakeven_empirical::examples::Examples;
//! use breakeven_empirical::model::Architecture;
//! use breakeven_empirical::network::Network;
//! use breakeven_empirical::operator::{GradientCovarianceOp, HessianOp, Point, PointSettings};
//! use breakeven_empirical::random::{Purpose, stream};
//! use breakeven_empirical::solver::Lanczos;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let compute = Compute::new(DeviceKind::Flex, Precision::F64)?;
//! let images = Images::new(vec![255, 0], vec![0_u16, 1], [1, 1, 1], 2)?;
//! let examples = Examples::first(&images, 2, &compute);
//! let model = Architecture::Mlp { hidden: vec![] }.build(images.shape(), images.classes())?;
//! let theta = vec![0.0; model.parameters().dim()];
//!
//! let network = Network::new(&*model, &compute);
//! let point = Point::new(network, &theta, &examples, PointSettings::default());
//! let k = GradientCovarianceOp::of(&point)?;
//! let (lanczos, mut rng) = (Lanczos::new(1, 1e-6), stream(0, Purpose::Start, 0));
//! let lambda_h = lanczos.solve(&HessianOp(&point), &[], &mut rng).pairs[0].value;
//! let lambda_k = lanczos.solve(&k, &[], &mut rng).pairs[0].value;
//!
//! // Both classes have the probability ½, so that H = ¼(1 −1; −1 1) ⊗ ½(1 1; 1 2), and the
//! // gradients ½(−1, 1) ⊗ (1, 1) and ½(1, −1) ⊗ (0, 1) have λ_K = ¼‖g₁ − g₂‖².
//! assert!((lambda_h - (3.0 + 5.0_f64.sqrt()) / 8.0).abs() < 1e-12);
//! assert!((lambda_k - 5.0 / 8.0).abs() < 1e-12);
//! # Ok(())
//! # }
//! ```
//!
//! A [`portrait`] is all that `breakeven measure` says of such a point, from one call of
//! [`Portrait::measure`](portrait::Portrait::measure) for a checkpoint on disk, or of
//! [`Subject::portrait`](portrait::Subject::portrait) for what is in memory. A network of
//! one's own implements [`Model`](model::Model), as the example of
//! [`Forward`](layers::Forward) does. A [`sweep`] trains and measures; its runs are in files
//! on disk:
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//!
//! use breakeven_empirical::compute::DeviceKind;
//! use breakeven_empirical::config::SweepConfig;
//! use breakeven_empirical::sweep::{Shard, Sweep, SweepEnd};
//! # use breakeven_empirical::sweep::Progress;
//! # use breakeven_empirical::train::RunEnd;
//! # struct Silent;
//! # impl Progress for Silent {
//! #     fn started(&self, _: &str, _: u64, _: u64) {}
//! #     fn stepped(&self, _: &str, _: u64) {}
//! #     fn ended(&self, _: &str, _: RunEnd) {}
//! # }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("breakeven-sweep-{}", std::process::id()));
//! let config: SweepConfig = serde_json::from_str(
//!     r#"{
//!         "name": "tiny",
//!         "data": { "name": "fashion-mnist-12k", "train_examples": 20 },
//!         "model": { "name": "mlp", "hidden": [4] },
//!         "training": { "epochs": 1 },
//!         "sweep": { "learning_rates": [0.1, 0.2], "batch_sizes": [5], "seeds": [0] }
//!     }"#,
//! )?;
//! let sweep = Sweep::prepare(&config, None, DeviceKind::Flex, "1".into())?;
//! let (stop, jobs) = (AtomicBool::new(false), 2);
//! let end = sweep.carry_out(&folder, Shard::WHOLE, jobs, &stop, &Silent)?;
//! assert_eq!(end, SweepEnd::Over);
//! // A run for each learning rate, in a folder of its own.
//! assert_eq!(sweep.tally(&folder, Shard::WHOLE)?.completed, 2);
//! assert!(folder.join("runs/lr0.1-bs5-seed0").is_dir());
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! ```

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
pub mod random;
pub mod run_folder;
pub mod run_state;
pub mod solver;
pub mod spectrum;
pub mod stream;
mod survey;
pub mod sweep;
pub mod tape;
pub mod train;
pub mod weights;
mod whole;
