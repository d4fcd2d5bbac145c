//! Tests the two conjectures of the break-even point across seeds: runs are
//! reduced to summaries, summaries to hypotheses over blocks of seeds,
//! hypotheses to verdicts, and verdicts to a report.
//!
//! λ_K that is as 1/η in each of five seeds: of the 3! orders of a seed one is as
//! Conjecture 1 says, so that p = 1/6⁵.
//!
//! ```
//! use std::path::Path;
//!
//! use breakeven_verify::verdict::Verdict;
//! use breakeven_verify::{VerifySettings, parse_table, verify};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut table = "seed,learning_rate,batch_size,max_lambda_k\n".to_owned();
//! for seed in 1..=5 {
//!     for eta in [0.1, 0.2, 0.4] {
//!         table += &format!("{seed},{eta},32,{}\n", f64::from(seed) / eta);
//!     }
//! }
//! let settings = VerifySettings::default();
//! let sweep = parse_table(Path::new("runs.csv"), table.as_bytes(), settings)?;
//! let verdicts = verify(&[sweep])?;
//! let found = &verdicts.hypotheses[0];
//! assert_eq!(found.verdict, Verdict::Supported);
//! assert!(found.p_value.is_some_and(|p| (p * 6_f64.powi(5) - 1.0).abs() < 1e-9));
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

pub mod against;
pub mod analysis;
pub mod assumptions;
pub mod benjamini_hochberg;
pub mod blocks;
pub mod bootstrap;
pub mod ci;
pub mod description;
pub mod design;
mod draws;
pub mod effect;
pub mod export;
pub mod family;
pub mod gatekeeping;
pub mod hodges_lehmann;
pub mod holm;
pub mod hypothesis;
pub mod input;
pub mod integrity;
pub mod interquartile_mean;
pub mod interval;
pub mod jonckheere_terpstra;
pub mod judgement;
pub mod level;
mod null;
pub mod page;
pub mod paper;
pub mod plan;
pub mod quantity;
pub mod report;
pub mod sample;
pub mod selftest;
pub mod sensitivity;
pub mod settings;
pub mod shape;
pub mod side_by_side;
pub mod sign_test;
pub mod slope;
pub mod specifications;
pub mod summary;
pub mod thresholds;
pub mod ties;
pub mod trajectories;
pub mod trend;
pub mod umap;
pub mod verdict;
pub mod verdicts;
pub mod westfall_young;
pub mod wilcoxon;

pub use analysis::{Analysis, verify_in_full};
pub use input::column_map::{ColumnMap, ColumnMapError};
pub use input::folder::{Kept, all_sweep_folders, read_sweep, read_sweep_keeping, sweep_folders};
pub use input::predictions::read_predictions;
pub use input::table::{parse_table, parse_table_as, read_table, read_table_as};
pub use input::{InputError, Sweep};
pub use settings::VerifySettings;
pub use verdicts::{Verdicts, VerifyError, verify};
