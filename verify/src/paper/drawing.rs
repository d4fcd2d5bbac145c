//! From the panels of a figure to drawings, or the reason why there is none.

use std::collections::BTreeMap;

use breakeven_sim::record::Predictions;

use super::{Aids, Experiment, FigureSpec, Matrix, PanelSpec, Paper};
use super::{correlation, curves, paths, scatter, spectrum};
use crate::input::Sweep;
use crate::trajectories::Series;
use breakeven_plot::{Axis, Figure, Scale, Size, Ticks};

/// What runs predict along training, by the names of experiment and run.
pub type Predicted = BTreeMap<(String, String), Vec<Predictions>>;

/// What is drawn in a panel.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// The drawing.
    pub figure: Figure,
    /// Its curves, and whose they are.
    pub series: Vec<Series>,
    /// What is to be said below it.
    pub said: Vec<String>,
    /// The table of what is drawn, where it is not that of the curves.
    pub table: Option<String>,
}

/// A panel of a figure.
#[derive(Clone, Debug)]
pub struct Panel {
    /// The name of its files, without their ends.
    pub stem: String,
    /// What it shows.
    pub title: String,
    /// The drawing, or why there is none.
    pub drawing: Result<Drawing, String>,
}

/// What a panel is drawn from.
pub(super) struct Subject<'a> {
    pub experiment: &'a Experiment,
    pub sweep: &'a Sweep,
    pub predicted: &'a Predicted,
    pub aids: &'a Aids,
    pub title: String,
    pub id: String,
}

/// Draws all panels of a figure from the sweeps of its experiments, by name.
pub fn draw(
    paper: &Paper,
    figure: &FigureSpec,
    sweeps: &BTreeMap<String, Sweep>,
    predicted: &Predicted,
    aids: &Aids,
) -> Vec<Panel> {
    let one = |(index, spec): (usize, &PanelSpec)| {
        let name = name(spec);
        let stem = format!("{:02}-{}-{name}", index + 1, spec.experiment());
        let experiment = paper.experiment(spec.experiment());
        let title = match experiment {
            Some(experiment) => format!("{}: {}", experiment.network, title(spec)),
            None => title(spec),
        };
        let drawing = match (experiment, sweeps.get(spec.experiment())) {
            (Some(experiment), Some(sweep)) => panel(
                spec,
                &Subject {
                    experiment,
                    sweep,
                    predicted,
                    aids,
                    title: title.clone(),
                    id: format!("figure-{:02}-{}", figure.number, index + 1),
                },
            ),
            _ => Err(format!("there are no runs of {}", spec.experiment())),
        };
        Panel {
            stem,
            title,
            drawing,
        }
    };
    figure.panels.iter().enumerate().map(one).collect()
}

fn panel(spec: &PanelSpec, subject: &Subject<'_>) -> Result<Drawing, String> {
    match spec {
        PanelSpec::Curves { y, x, until, .. } => curves::draw(subject, *y, *x, *until),
        PanelSpec::Scatter { y, x, .. } => scatter::draw(subject, *y, *x),
        PanelSpec::Spectrum { of, .. } => spectrum::draw(subject, *of),
        PanelSpec::Path { shade, .. } => paths::draw(subject, *shade),
        PanelSpec::Correlation { y, x, .. } => correlation::draw(subject, *y, *x),
    }
}

/// What the panel shows, in symbols.
fn title(spec: &PanelSpec) -> String {
    match spec {
        PanelSpec::Curves { y, until, .. } => match until {
            Some(_) => format!("{}, early", y.symbol()),
            None => y.symbol().to_owned(),
        },
        PanelSpec::Scatter { y, x, .. } | PanelSpec::Correlation { y, x, .. } => {
            format!("{} against {}", y.symbol(), x.symbol())
        }
        PanelSpec::Spectrum { of, .. } => {
            let [matrix, largest] = match of {
                Matrix::K => ["K^M", "λ_K¹"],
                Matrix::H => ["H", "λ_H¹"],
                Matrix::KPerExample => ["K", "λ¹"],
                Matrix::G => ["G", "λ¹"],
                Matrix::F => ["F", "λ¹"],
            };
            format!("number of eigenvalues of {matrix} at max {largest}")
        }
        PanelSpec::Path { shade, .. } => format!("{} along the paths", shade.symbol()),
    }
}

/// The same as a part of a file's name.
fn name(spec: &PanelSpec) -> String {
    match spec {
        PanelSpec::Curves { y, until, .. } => match until {
            Some(_) => format!("{}-early", y.name()),
            None => y.name().to_owned(),
        },
        PanelSpec::Scatter { y, x, .. } | PanelSpec::Correlation { y, x, .. } => {
            format!("{}-against-{}", y.name(), x.name())
        }
        PanelSpec::Spectrum { of, .. } => match of {
            Matrix::K => "spectrum_k",
            Matrix::H => "spectrum_h",
            Matrix::KPerExample => "density_k_per_example",
            Matrix::G => "density_g",
            Matrix::F => "density_f",
        }
        .to_owned(),
        PanelSpec::Path { shade, .. } => format!("path-{}", shade.name()),
    }
}

impl Subject<'_> {
    /// A figure of the size of a column.
    pub fn figure(&self, x: Axis, y: Scale, series: &[Series], description: String) -> Figure {
        Figure {
            id: self.id.clone(),
            title: self.title.clone(),
            description,
            x,
            y: axis("", y),
            curves: series.iter().map(|one| one.curve.clone()).collect(),
            guides: Vec::new(),
            ground: None,
            size: Size::Column,
        }
    }
}

pub(super) fn axis(label: &str, scale: Scale) -> Axis {
    Axis {
        label: label.to_owned(),
        scale,
        ticks: Ticks::Round,
    }
}
