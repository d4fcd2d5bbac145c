//! A figure's page: what both its HTML and its Markdown say.

use std::collections::BTreeMap;

use super::compared::{Compared, compare};
use super::drawing::{Panel, Predicted, draw};
use super::facts::Facts;
use super::{Aids, FigureSpec, PanelSpec, Paper};
use crate::input::Sweep;
use breakeven_plot::number::significant;

/// What is not in the runs themselves.
#[derive(Clone, Debug)]
pub struct Context {
    /// `smoke`, `laptop` or `paper`.
    pub scale: String,
    /// What the scale stands for.
    pub scale_in_words: String,
    /// The command that made the page.
    pub command: String,
    /// Of breakeven.
    pub version: String,
}

/// A figure, drawn.
pub struct FigurePage<'a> {
    /// The figure.
    pub figure: &'a FigureSpec,
    /// Its panels.
    pub panels: Vec<Panel>,
    /// The paper's values beside ours.
    pub compared: Vec<Compared>,
    pub(super) facts: Vec<Facts>,
    pub(super) aids: Vec<String>,
    pub(super) context: &'a Context,
}

impl<'a> FigurePage<'a> {
    /// Draws a figure of the paper from the sweeps of its experiments, by name.
    pub fn of(
        paper: &Paper,
        figure: &'a FigureSpec,
        sweeps: &BTreeMap<String, Sweep>,
        predicted: &Predicted,
        aids: &Aids,
        context: &'a Context,
    ) -> Self {
        let experiments = paper.experiments_of(figure);
        let facts = experiments.into_iter().filter_map(|experiment| {
            let sweep = sweeps.get(&experiment.id)?;
            Some(Facts::of(experiment, sweep))
        });
        Self {
            figure,
            panels: draw(paper, figure, sweeps, predicted, aids),
            compared: compare(paper, figure, sweeps),
            facts: facts.collect(),
            aids: aids.in_words(),
            context,
        }
    }

    /// `Figure 4: …`.
    pub(super) fn heading(&self) -> String {
        format!("Figure {}: {}", self.figure.number, self.figure.title)
    }

    /// How its kinds of panels are read.
    pub(super) fn legend(&self) -> Vec<&'static str> {
        let mut lines = Vec::new();
        for panel in &self.figure.panels {
            for line in reading(panel) {
                if !lines.contains(line) {
                    lines.push(*line);
                }
            }
        }
        lines
    }
}

const CROSS: &str = "×: the first record at which the left side of Eq. 1 is at least 1, the \
                     break-even point.";

/// How a kind of panel is read.
fn reading(panel: &PanelSpec) -> &'static [&'static str] {
    match panel {
        PanelSpec::Curves { .. } => &[
            "Bold: mean over the seeds that count, at the steps that all of them measured; thin: \
             each seed.",
            CROSS,
            "Dashed vertical lines: the mean over seeds of the first record past the accuracy \
             threshold, where all of a level pass it.",
        ],
        PanelSpec::Scatter { .. } => &["A point is a record of a run that counts.", CROSS],
        PanelSpec::Spectrum { .. } => &[
            "Histograms: the number of eigenvalues in each of 30 bins of equal width, as a mean \
             over the runs that count, each at its record where the largest eigenvalue is \
             largest; the vertical axis is logarithmic, and empty bins are not drawn.",
        ],
        PanelSpec::Path { .. } => &[
            "A point is a step of which predictions were kept; the colour of the ground is the \
             value at the step whose point is nearest there. Distances between points mean \
             something to UMAP alone.",
        ],
        PanelSpec::Correlation { .. } => &[
            "A point is a record of a run that counts.",
            CROSS,
            "r: Pearson's correlation along each run, averaged over seeds as artanh r, since \
             records of one run are no sample; the interval is Student's over seeds.",
        ],
    }
}

/// The cells of a printed value: ours, and the ratio; or why they are absent.
pub(super) fn ours_in_words(row: &Compared) -> [String; 2] {
    let Some(ours) = row.ours else {
        let why = row.absent.clone().unwrap_or_default();
        return [format!("absent: {why}"), String::new()];
    };
    let spread = match ours.standard_deviation {
        Some(sd) => format!(" ± {}", significant(sd, 2)),
        None => String::new(),
    };
    [
        format!("{}{spread} (n = {})", significant(ours.mean, 3), ours.runs),
        significant(ours.ratio, 2),
    ]
}
