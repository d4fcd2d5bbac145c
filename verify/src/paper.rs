//! The figures of Jastrzebski et al., ICLR 2020, as data: which experiment each
//! shows, in which panels, and what the text says was measured. And what is
//! made of runs of those experiments: drawings, tables and pages.

mod aids;
mod compared;
mod correlation;
mod curves;
#[cfg(test)]
mod data_tests;
mod drawing;
mod facts;
mod field;
mod files;
mod html;
mod levels;
mod markdown;
mod overview;
mod page;
pub mod path;
mod paths;
mod scatter;
mod spectrum;
#[cfg(test)]
mod tests;
pub mod thresholds;

pub use aids::Aids;
pub use breakeven_plot::WriteError;
pub use compared::{Compared, Ours};
pub use drawing::{Drawing, Panel, Predicted, draw};
pub use field::Field;
pub use files::{PanelFiles, folder_name, write};
pub use overview::{OVERVIEW_FILE, write_overview};
pub use page::{Context, FigurePage};

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::quantity::Factor;
use crate::trajectories::Along;

/// All that `verify/fixtures/paper.toml` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paper {
    /// What is trained.
    #[serde(rename = "experiment")]
    pub experiments: Vec<Experiment>,
    /// What is drawn, by number.
    #[serde(rename = "figure")]
    pub figures: Vec<FigureSpec>,
    /// What the text prints.
    #[serde(rename = "value")]
    pub values: Vec<Printed>,
}

/// A sweep of the paper.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Its name, which is also that of its configurations.
    pub id: String,
    /// What learns, in the paper's words.
    pub network: String,
    /// What is learnt, in the paper.
    pub data: String,
    /// What varies.
    pub varies: Factor,
    /// How long it takes.
    pub minutes: Minutes,
}

/// Minutes at each scale, about.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Minutes {
    /// A network and data of toy size.
    pub smoke: f64,
    /// What two cores do in half an hour.
    pub laptop: f64,
    /// The paper's own.
    pub paper: f64,
}

/// A figure of the paper.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigureSpec {
    /// Its number.
    pub number: u32,
    /// What it shows.
    pub title: String,
    /// The section that speaks of it.
    pub place: String,
    /// Panels beside each other.
    pub columns: usize,
    /// What to bear in mind beside the paper's figure.
    pub note: Option<String>,
    /// Why it can't be drawn, where it can't.
    pub lacks: Option<String>,
    /// Experiments that no panel names.
    #[serde(default)]
    experiments: Vec<String>,
    /// Its panels, row by row.
    #[serde(default)]
    pub panels: Vec<PanelSpec>,
}

/// A panel: what is drawn of the runs of an experiment.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PanelSpec {
    /// A quantity along training, by level.
    Curves {
        /// Of which experiment.
        experiment: String,
        /// The quantity.
        y: Field,
        /// Along what.
        #[serde(default)]
        x: Along,
        /// The first part of the training that is drawn, in (0, 1]. Default: all.
        until: Option<f64>,
    },
    /// One quantity against another, a point a record.
    Scatter {
        /// Of which experiment.
        experiment: String,
        /// The vertical one.
        y: Field,
        /// The horizontal one.
        x: Field,
    },
    /// A histogram of eigenvalues where the largest is largest.
    Spectrum {
        /// Of which experiment.
        experiment: String,
        /// Of which matrix.
        of: Matrix,
    },
    /// The paths of the predictions of two runs, the first seed's at the lowest
    /// and the highest level, over cells of a quantity.
    Path {
        /// Of which experiment.
        experiment: String,
        /// The quantity.
        shade: path::Shade,
    },
    /// A scatter with Pearson's correlation at each level.
    Correlation {
        /// Of which experiment.
        experiment: String,
        /// The vertical quantity.
        y: Field,
        /// The horizontal one.
        x: Field,
    },
}

/// A matrix whose spectrum is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matrix {
    /// K^M.
    K,
    /// H.
    H,
    /// The per-example K, by its density.
    KPerExample,
    /// The Gauss–Newton matrix, by its density.
    G,
    /// The empirical Fisher, by its density.
    F,
}

/// A measured value that the paper prints.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Printed {
    /// Of what.
    pub quantity: Field,
    /// What of its trajectory.
    pub statistic: Statistic,
    /// In which experiment.
    pub experiment: String,
    /// At which level; without one, at all of them.
    pub level: Option<f64>,
    /// The value.
    pub value: f64,
    /// The figures that it is about.
    pub figures: Vec<u32>,
    /// Where it stands.
    pub place: String,
    /// What to bear in mind.
    pub note: Option<String>,
}

/// What a trajectory is reduced to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Its largest value.
    Max,
    /// Its smallest value.
    Min,
    /// The training accuracy at its largest value.
    AccuracyAtMax,
}

/// The paper.
///
/// Sec. 4.2 prints the largest λ_K of SimpleCNN with η = 0.1:
///
/// ```
/// use breakeven_verify::paper::{Field, paper};
///
/// let mut printed = paper().printed(4).filter(|value| value.quantity == Field::LambdaK);
/// let found = printed.find(|value| value.level == Some(0.1));
/// assert_eq!(found.map(|value| value.value), Some(0.68));
/// ```
pub fn paper() -> &'static Paper {
    static PAPER: LazyLock<Paper> = LazyLock::new(|| {
        let text = include_str!("../fixtures/paper.toml");
        // The text is part of the program, and a test reads it.
        toml::from_str(text).expect("paper.toml is as it was tested")
    });
    &PAPER
}

impl Paper {
    /// The experiment of this name.
    pub fn experiment(&self, id: &str) -> Option<&Experiment> {
        self.experiments.iter().find(|one| one.id == id)
    }

    /// The figure of this number.
    pub fn figure(&self, number: u32) -> Option<&FigureSpec> {
        self.figures.iter().find(|one| one.number == number)
    }

    /// The printed values that are about a figure.
    pub fn printed(&self, figure: u32) -> impl Iterator<Item = &Printed> {
        let about = move |one: &&Printed| one.figures.contains(&figure);
        self.values.iter().filter(about)
    }

    /// The experiments of a figure.
    pub fn experiments_of<'a>(&'a self, figure: &'a FigureSpec) -> Vec<&'a Experiment> {
        let ids = figure.experiments();
        ids.into_iter()
            .filter_map(|id| self.experiment(id))
            .collect()
    }
}

impl FigureSpec {
    /// Whether it needs what runs predict.
    pub fn needs_predictions(&self) -> bool {
        let is_path = |panel: &PanelSpec| matches!(panel, PanelSpec::Path { .. });
        self.panels.iter().any(is_path)
    }

    /// The names of its experiments, each once, in the order of its panels.
    pub fn experiments(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        let named = self.experiments.iter().map(String::as_str);
        named
            .chain(self.panels.iter().map(PanelSpec::experiment))
            .filter(|id| seen.insert(*id))
            .collect()
    }
}

impl PanelSpec {
    /// The name of the experiment that it shows.
    pub fn experiment(&self) -> &str {
        match self {
            Self::Curves { experiment, .. }
            | Self::Scatter { experiment, .. }
            | Self::Spectrum { experiment, .. }
            | Self::Path { experiment, .. }
            | Self::Correlation { experiment, .. } => experiment,
        }
    }
}

impl Statistic {
    /// In words, before a quantity's symbol.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Min => "min",
            Self::AccuracyAtMax => "training accuracy at max",
        }
    }
}
