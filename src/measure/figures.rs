//! What `breakeven measure` draws.

use std::path::{Path, PathBuf};

use breakeven_empirical::portrait::{CovariancePortrait, Portrait};
use breakeven_plot::{Axis, Cell, Curve, Figure, Ground, Mark, Scale, Shape, Size, Ticks, Weight};
use breakeven_sim::record::{LossLine, LossPlane, Outliers, SpectralDensity};

use crate::failure::{Failure, OrFail};

/// Places at which a density is drawn.
const PLACES: usize = 600;

/// Width of the bells of a density, as a part of the range of its nodes.
const WIDTH: f64 = 0.005;

/// Standard errors of its band to either side.
const BAND: f64 = 2.0;

/// Writes all figures that there is something for into `folder`; says which files.
pub(super) fn write(portrait: &Portrait, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for figure in figures(portrait) {
        files.extend(figure.write(folder).or_input()?);
    }
    Ok(files)
}

fn figures(portrait: &Portrait) -> Vec<Figure> {
    let mut all: Vec<Figure> = portrait
        .densities
        .iter()
        .filter_map(|(matrix, density)| {
            let outliers = outliers(portrait, matrix);
            of_density(matrix, density, portrait.parameters, outliers)
        })
        .collect();
    let lambda = portrait.hessian.leading.values.eigenvalues.first().copied();
    all.extend(
        portrait
            .loss_line
            .as_ref()
            .map(|line| of_line(line, lambda)),
    );
    all.extend(portrait.loss_plane.as_ref().map(of_plane));
    all
}

/// How a matrix is called in a figure.
pub(super) fn symbol(matrix: &str) -> &str {
    match matrix {
        "hessian" => "H",
        "covariance_per_example" => "K",
        "gauss_newton" => "G",
        "empirical_fisher" => "F",
        other => other,
    }
}

/// The eigenvalues of a matrix that stand out.
fn outliers<'p>(portrait: &'p Portrait, matrix: &str) -> Option<&'p Outliers> {
    let of_gradients = |found: &'p Option<CovariancePortrait>| Some(&found.as_ref()?.leading);
    let leading = match matrix {
        "hessian" => Some(&portrait.hessian.leading),
        "covariance_per_example" => of_gradients(&portrait.covariance_per_example),
        "gauss_newton" => portrait.gauss_newton.as_ref().map(|g| &g.leading),
        "empirical_fisher" => of_gradients(&portrait.empirical_fisher),
        _ => None,
    };
    leading?.outliers.as_ref()
}

/// The density on a log axis that reaches down to a single eigenvalue's bell, with a
/// dot at the top of the bell of each outlier.
fn of_density(
    matrix: &str,
    density: &SpectralDensity,
    parameters: usize,
    outliers: Option<&Outliers>,
) -> Option<Figure> {
    let (low, high) = (*density.nodes.first()?, *density.nodes.last()?);
    let range = high - low;
    if !(range.is_finite() && range > 0.0) {
        return None;
    }
    let width = WIDTH * range;
    let x = Scale::Linear(low - 4.0 * width, high + 4.0 * width);
    let at = |k: usize| x.at(k as f64 / (PLACES - 1) as f64);
    let places: Vec<f64> = (0..PLACES).map(at).collect();
    let widened = density.widened(&places, width);
    let one = (width * (2.0 * std::f64::consts::PI).sqrt() * parameters as f64).recip();
    let floor = one / 3.0;
    let top = widened.iter().map(|d| d.mean).fold(one, f64::max);
    let mean = places.iter().zip(&widened).map(|(&x, d)| {
        let shown = (d.mean > floor).then_some(d.mean);
        (x, shown.unwrap_or(f64::NAN))
    });
    let curve = |label: Option<&str>, weight, points| Curve {
        label: label.map(str::to_owned),
        points,
        look: 0,
        weight,
        marks: Vec::new(),
    };
    let mut curves = Vec::new();
    if widened.iter().all(|d| d.standard_error.is_some()) {
        let edge = |sign: f64| {
            let ends = places.iter().zip(&widened).map(move |(&x, d)| {
                let error = BAND * d.standard_error.unwrap_or_default();
                (x, (d.mean + sign * error).max(floor))
            });
            ends.collect::<Vec<_>>()
        };
        let mut below = edge(-1.0);
        below.reverse();
        let band = [edge(1.0), below].concat();
        curves.push(curve(None, Weight::Area, band));
    }
    curves.push(curve(None, Weight::Fine, mean.collect()));
    let dots = outliers.iter().flat_map(|found| &found.eigenvalues);
    let dots = dots.map(|&value| Mark {
        at: (value, one),
        shape: Shape::Dot,
    });
    curves.push(Curve {
        marks: dots.collect(),
        ..curve(None, Weight::Points, Vec::new())
    });
    let symbol = symbol(matrix);
    let dots = outliers.map_or(String::new(), |found| {
        format!(
            " Dots: the {} that stand out above the others.",
            found.count
        )
    });
    Some(Figure {
        id: format!("density-{matrix}"),
        title: format!("density of the eigenvalues of {symbol}"),
        description: format!(
            "The share of the {parameters} eigenvalues of {symbol} per unit, each widened to a normal \
             distribution of standard deviation {width:.3e}, with {BAND} standard errors to either \
             side; down to a third of what a single eigenvalue gives.{dots}"
        ),
        x: axis("eigenvalue", x),
        y: axis("density", Scale::Log(floor, 2.0 * top)),
        curves,
        guides: Vec::new(),
        ground: None,
        size: Size::Column,
    })
}

/// The loss beside the parabola of the eigenvalue through its value and slope.
fn of_line(line: &LossLine, lambda: Option<f64>) -> Figure {
    let measured: Vec<(f64, f64)> = line
        .offsets
        .iter()
        .copied()
        .zip(line.losses.iter().copied())
        .collect();
    let middle = measured.len() / 2;
    let [before, after] = [measured[middle - 1], measured[middle + 1]];
    let slope = (after.1 - before.1) / (after.0 - before.0);
    let (_, loss) = measured[middle];
    let marks = vec![Mark {
        at: measured[middle],
        shape: Shape::Dot,
    }];
    let curve = |label: &str, look, weight, points, marks| Curve {
        label: Some(label.to_owned()),
        points,
        look,
        weight,
        marks,
    };
    let mut curves = vec![curve("loss", 0, Weight::Bold, measured.clone(), marks)];
    if let Some(lambda) = lambda {
        let parabola = |&t: &f64| (t, loss + slope * t + 0.5 * lambda * t * t);
        let points = line.offsets.iter().map(parabola).collect();
        curves.push(curve(
            "parabola of λ_H",
            1,
            Weight::Fine,
            points,
            Vec::new(),
        ));
    }
    let (xs, ys) = (
        line.offsets.iter().copied(),
        curves.iter().flat_map(|c| &c.points).map(|p| p.1),
    );
    Figure {
        id: "loss-line".to_owned(),
        title: "loss along the top eigenvector of H".to_owned(),
        description:
            "The mean loss where θ moves along the top eigenvector of H, and the parabola \
                      of its eigenvalue with the loss's value and slope at θ."
                .to_owned(),
        x: axis("distance from θ", Scale::linear_around(xs)),
        y: axis("loss", Scale::linear_around(ys)),
        curves,
        guides: Vec::new(),
        ground: None,
        size: Size::Column,
    }
}

fn of_plane(plane: &LossPlane) -> Figure {
    let [first, second] = &plane.offsets;
    let [across, along] = [first, second].map(|offsets| edges(offsets));
    let cells = plane.losses.iter().enumerate().flat_map(|(row, losses)| {
        let (across, along) = (&across, &along);
        losses.iter().enumerate().map(move |(column, &value)| {
            let [left, right] = [across[column], across[column + 1]];
            let [low, high] = [along[row], along[row + 1]];
            Cell {
                corners: vec![(left, low), (right, low), (right, high), (left, high)],
                value,
            }
        })
    });
    let losses: Vec<f64> = plane.losses.iter().flatten().copied().flatten().collect();
    let scale = Ground::scale_of(&losses);
    let here = Curve {
        label: None,
        points: Vec::new(),
        look: 0,
        weight: Weight::Points,
        marks: vec![Mark {
            at: (0.0, 0.0),
            shape: Shape::Cross,
        }],
    };
    let ends = |edges: &[f64]| Scale::Linear(edges[0], edges[edges.len() - 1]);
    Figure {
        id: "loss-plane".to_owned(),
        title: "loss along two eigenvectors of H (second: up)".to_owned(),
        description:
            "The mean loss where θ, the cross, moves along the top eigenvector of H (across) \
                      and the second one (up)."
                .to_owned(),
        x: axis("distance from θ along the first", ends(&across)),
        y: axis("distance from θ along the second", ends(&along)),
        curves: vec![here],
        guides: Vec::new(),
        ground: Some(Ground {
            label: match scale {
                Scale::Log(..) => "loss (log)".to_owned(),
                Scale::Linear(..) => "loss".to_owned(),
            },
            scale,
            cells: cells.collect(),
        }),
        size: Size::Column,
    }
}

/// Half a step to either side of each.
fn edges(offsets: &[f64]) -> Vec<f64> {
    let half = (offsets[1] - offsets[0]) / 2.0;
    let first = offsets[0] - half;
    (0..=offsets.len())
        .map(|k| first + 2.0 * half * k as f64)
        .collect()
}

fn axis(label: &str, scale: Scale) -> Axis {
    Axis {
        label: label.to_owned(),
        scale,
        ticks: Ticks::Round,
    }
}
