//! Paths as figures.

use super::cells::{Rectangle, cells};
use super::{Path, PathPoint, Paths, Shade};
use breakeven_plot::number::significant;
use breakeven_plot::{
    Axis, Cell, Curve, Figure, Ground, Mark, Scale, Shape, Size, Ticks, Weight, aspect_on_ground,
    text,
};

/// Room around the points, as a part of the longer side.
const MARGIN: f64 = 0.07;

impl Paths {
    /// One figure for each of `shades`, or why there is none.
    pub fn figures(&self, shades: &[Shade]) -> Vec<Result<Figure, String>> {
        shades.iter().map(|&shade| self.figure(shade)).collect()
    }

    fn figure(&self, shade: Shade) -> Result<Figure, String> {
        let within = self.rectangle();
        let ground = self.ground(shade, within)?;
        Ok(Figure {
            id: format!("path-{}", shade.name().replace('_', "-")),
            title: title(shade),
            description: self.description(shade),
            x: axis(within.x, "● start, × break-even point, □ largest λ_K¹"),
            y: axis(within.y, ""),
            curves: self.paths.iter().enumerate().map(curve).collect(),
            guides: Vec::new(),
            ground: Some(ground),
            size: Size::Plane,
        })
    }

    fn points(&self) -> impl Iterator<Item = &PathPoint> {
        self.paths.iter().flat_map(|path| &path.points)
    }

    /// A rectangle around all points, of the frame's shape: distances are the
    /// same along both axes.
    fn rectangle(&self) -> Rectangle {
        let ends = |along: fn(&PathPoint) -> f64| {
            let ends = (f64::INFINITY, f64::NEG_INFINITY);
            self.points()
                .map(along)
                .fold(ends, |(low, high), x| (low.min(x), high.max(x)))
        };
        let (x, y) = (ends(|point| point.at.0), ends(|point| point.at.1));
        let aspect = aspect_on_ground(Size::Plane);
        let height = (y.1 - y.0).max((x.1 - x.0) / aspect) * (1.0 + 2.0 * MARGIN);
        let around = |(low, high): (f64, f64), side: f64| {
            let middle = (low + high) / 2.0;
            (middle - side / 2.0, middle + side / 2.0)
        };
        Rectangle {
            x: around(x, height * aspect),
            y: around(y, height),
        }
    }

    fn ground(&self, shade: Shade, within: Rectangle) -> Result<Ground, String> {
        let value = |point: &PathPoint| point.measured(shade).map(|measured| measured.value);
        let values: Vec<f64> = self.points().filter_map(value).collect();
        if values.is_empty() {
            return Err(format!("no run has measured {}", shade.name()));
        }
        let places: Vec<(f64, f64)> = self.points().map(|point| point.at).collect();
        let shaded = cells(&places, within).into_iter().zip(self.points());
        Ok(Ground {
            label: match Ground::scale_of(&values) {
                Scale::Log(..) => "log scale".to_owned(),
                Scale::Linear(..) => String::new(),
            },
            scale: Ground::scale_of(&values),
            cells: shaded
                .map(|(corners, point)| Cell {
                    corners,
                    value: value(point),
                })
                .collect(),
        })
    }

    /// What one sees, with all that it depends on.
    fn description(&self, shade: Shade) -> String {
        let name = text::plain(shade.symbol());
        let runs: Vec<String> = self
            .paths
            .iter()
            .map(|path| in_words(path, shade))
            .collect();
        format!(
            "Predictions along training in a plane by UMAP, nearer predictions nearer. The ground has \
             the colour of {name} at the iteration whose point is nearest; a value not measured at its \
             step is that of the nearest step measured. {}. {}.",
            runs.join(". "),
            self.stated()
        )
    }

    /// UMAP's settings and what they gave.
    pub(super) fn stated(&self) -> String {
        let umap = &self.settings.umap;
        let [numbers, classes] = self.shape;
        let trust = match self.embedding.trustworthiness {
            Some(trust) => format!("trustworthiness {}", significant(trust, 3)),
            None => "trustworthiness not defined for so few points".to_owned(),
        };
        let parts = match self.embedding.components {
            1 => String::new(),
            parts => format!("; the graph has {parts} parts, between which distances say nothing"),
        };
        format!(
            "UMAP of {} points of {numbers} probabilities ({} examples, {classes} classes), \
             Euclidean, {} neighbours, min_dist {}, spread {}, {} epochs, seed {}: {trust}{parts}; \
             shown before a training accuracy of {}",
            self.embedding.points.len(),
            numbers / classes,
            self.embedding.neighbours,
            umap.min_dist,
            umap.spread,
            umap.epochs,
            umap.seed,
            self.settings.until_accuracy,
        )
    }
}

impl PathPoint {
    pub(super) fn measured(&self, shade: Shade) -> Option<super::Measured> {
        let place = Shade::ALL.iter().position(|one| *one == shade)?;
        self.values[place]
    }
}

fn title(shade: Shade) -> String {
    match shade {
        Shade::TrainingAccuracy => "Training accuracy".to_owned(),
        other => other.symbol().to_owned(),
    }
}

fn axis((low, high): (f64, f64), label: &str) -> Axis {
    Axis {
        label: label.to_owned(),
        scale: Scale::Linear(low, high),
        ticks: Ticks::At(Vec::new()),
    }
}

/// Looks that stand out from the ground, one a run.
const LOOKS: [usize; 7] = [1, 4, 3, 0, 6, 2, 5];

fn curve((number, path): (usize, &Path)) -> Curve {
    let mark = |shape, point: &PathPoint| Mark {
        at: point.at,
        shape,
    };
    let at = |step: Option<u64>| path.point_at(step?);
    let marks = [
        path.points.first().map(|point| mark(Shape::Dot, point)),
        at(path.largest_lambda_k_step).map(|point| mark(Shape::Hollow, point)),
        at(path.break_even_step).map(|point| mark(Shape::Cross, point)),
    ];
    Curve {
        label: Some(path.label.clone()),
        points: path.points.iter().map(|point| point.at).collect(),
        look: LOOKS[number % LOOKS.len()],
        weight: Weight::Path,
        marks: marks.into_iter().flatten().collect(),
    }
}

fn in_words(path: &Path, shade: Shade) -> String {
    // A path has at least two points.
    let ends = [path.points.first(), path.points.last()].map(|point| {
        point.map_or_else(String::new, |point| {
            let value = match point.measured(shade) {
                Some(measured) => significant(measured.value, 3),
                None => "not measured".to_owned(),
            };
            format!("step {} ({value})", point.step)
        })
    });
    let place = |step: Option<u64>, none: &str| match step {
        Some(step) if path.point_at(step).is_some() => format!("at step {step}"),
        Some(step) => format!("at step {step}, beyond what is shown"),
        None => none.to_owned(),
    };
    let left_out = match path.left_out {
        0 => String::new(),
        count => format!("; {count} steps without finite outputs are left out"),
    };
    format!(
        "{}: from {} to {}, break-even point {}, largest λK¹ {}{left_out}",
        text::plain(&path.label),
        ends[0],
        ends[1],
        place(path.break_even_step, "not reached"),
        place(path.largest_lambda_k_step, "not measured"),
    )
}
