//! Tests the two conjectures of the break-even point across seeds: runs are
//! reduced to summaries, summaries to hypotheses over blocks of seeds,
//! hypotheses to verdicts, and verdicts to a report.
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
