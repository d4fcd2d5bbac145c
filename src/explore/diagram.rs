//! The phase diagram: the stable curvatures against η or S.

use breakeven_plot::{Across, Axis, Curve, Figure, Guide, Mark, Scale, Shape, Size, Ticks, Weight};
use breakeven_sim::{Model, Sampling};

use super::answer::Answer;
use super::query::Query;
use super::refusal::Refusal;
use super::setting::{self, Setting};

/// Points of a curve.
const POINTS: usize = 160;
/// η that are always shown.
const RATES: [f64; 2] = [1e-3, 1.0];
/// S that is always shown, where there are as many examples.
const SIZE: usize = 1024;
/// How far below the lowest break-even point the diagram reaches.
const BELOW: f64 = 20.0;
/// And how far below the highest 2/η at most.
const DEEPEST: f64 = 1e5;

/// What varies along the diagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Abscissa {
    LearningRate,
    BatchSize,
}

/// One curve's values at a place along the axis.
struct Place {
    x: f64,
    limit: f64,
    stable: Option<[f64; 2]>,
}

/// The phase diagram, and the left side of Eq. 1 against λ.
pub fn answer(query: &Query) -> Result<Answer, Refusal> {
    let choices = [
        ("learning_rate", Abscissa::LearningRate),
        ("batch_size", Abscissa::BatchSize),
    ];
    let abscissa = query.choice("axis", &choices)?;
    let settings = setting::both(query)?;
    let figures = vec![phases(&settings, abscissa)?, left_side(&settings)];
    Ok(Answer::default().with(figures))
}

impl Abscissa {
    fn of(self, model: &Model) -> f64 {
        match self {
            Self::LearningRate => model.learning_rate(),
            Self::BatchSize => model.sampling().batch_size() as f64,
        }
    }

    /// What stays as it is along the axis.
    fn other(self, model: &Model) -> String {
        match self {
            Self::LearningRate => format!("S = {}", model.sampling().batch_size()),
            Self::BatchSize => format!("η = {}", setting::digits(model.learning_rate())),
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::LearningRate => "learning rate η",
            Self::BatchSize => "batch size S",
        }
    }

    /// Models along the axis, the other parameters as they are.
    fn along(self, model: &Model, ends: [f64; 2]) -> Result<Vec<Model>, Refusal> {
        let steps = (ends[1] / ends[0]).ln() / (POINTS - 1) as f64;
        let values = (0..POINTS).map(|i| ends[0] * (steps * i as f64).exp());
        let (eta, sampling) = (model.learning_rate(), model.sampling());
        let made = |value: f64| -> Result<Model, Refusal> {
            Ok(match self {
                Self::LearningRate => Model::new(value, sampling, *model.noise())?,
                Self::BatchSize => {
                    let examples = sampling.examples();
                    let size = (value.round() as usize).clamp(1, examples);
                    Model::new(eta, Sampling::new(size, examples)?, *model.noise())?
                }
            })
        };
        let mut models: Vec<Model> = values.map(made).collect::<Result<_, _>>()?;
        models.dedup_by(|a, b| self.of(a) == self.of(b));
        Ok(models)
    }

    /// From where to where: what is always shown, and the settings.
    fn ends(self, settings: &[Setting]) -> [f64; 2] {
        let examples = settings[0].model.sampling().examples();
        let shown = match self {
            Self::LearningRate => RATES,
            Self::BatchSize => [1.0, examples.min(SIZE) as f64],
        };
        let values = settings.iter().map(|setting| self.of(&setting.model));
        values.fold(shown, |[low, high], value| {
            [low.min(value), high.max(value)]
        })
    }
}

fn phases(settings: &[Setting], abscissa: Abscissa) -> Result<Figure, Refusal> {
    let ends = abscissa.ends(settings);
    let lines = lines(settings, abscissa, ends)?;
    let limits = lines
        .iter()
        .flat_map(|line| &line.along)
        .map(|place| place.limit);
    let reached = settings
        .iter()
        .filter_map(|setting| setting.model.stable_set().break_even());
    let heights: Vec<f64> = limits.chain(reached).collect();
    let highest = heights.iter().copied().fold(0.0, f64::max);
    let lowest = heights.iter().copied().fold(f64::INFINITY, f64::min) / BELOW;
    let floor = lowest.max(highest / DEEPEST);
    let mut curves = vec![area(&lines[0].along, floor)];
    curves.extend(lines.iter().flat_map(|line| line.bounds(abscissa)));
    if abscissa == Abscissa::LearningRate {
        curves.push(lines[0].limit(abscissa));
    }
    curves.extend(lines.iter().map(|line| line.break_even(abscissa)));
    curves.retain(|curve| curve.points.iter().any(|point| point.1.is_finite()));
    curves.extend(settings.iter().map(|setting| crossing(setting, abscissa)));
    let guide = |setting: &Setting| Guide {
        at: Across::X(abscissa.of(&setting.model)),
        look: Some(setting.look),
        label: Some(setting.name.to_owned()),
    };
    Ok(Figure {
        id: "diagram".into(),
        title: "Curvature λ_H: stable and unstable".into(),
        description: format!(
            "Stable curvatures against the {}. Shaded: stable for setting A, between the lower \
             end and the break-even curve. Vertical lines are the settings, and crosses their break-even points.",
            abscissa.label()
        ),
        x: log_axis(abscissa.label(), ends),
        y: log_axis("λ_H", [floor, highest]),
        curves,
        guides: settings.iter().map(guide).collect(),
        ground: None,
        size: Size::Wide,
    })
}

/// A cross at the setting's break-even point.
fn crossing(setting: &Setting, abscissa: Abscissa) -> Curve {
    let mark = |high| Mark {
        at: (abscissa.of(&setting.model), high),
        shape: Shape::Cross,
    };
    let high = setting.model.stable_set().break_even();
    Curve {
        label: None,
        points: Vec::new(),
        look: setting.look,
        weight: Weight::Bold,
        marks: high.map(mark).into_iter().collect(),
    }
}

fn place(model: &Model, abscissa: Abscissa) -> Place {
    Place {
        x: abscissa.of(model),
        limit: model.full_batch_limit(),
        stable: model.stable_set().interval(),
    }
}

/// The stable region, from the diagram's floor on where it begins at 0.
fn area(along: &[Place], floor: f64) -> Curve {
    let stable = |place: &Place| Some((place.x, place.stable?));
    let inside: Vec<(f64, [f64; 2])> = along.iter().filter_map(stable).collect();
    let upper = inside
        .iter()
        .map(|&(x, [_, high])| (x, high.max(floor / 2.0)));
    let lower = inside
        .iter()
        .rev()
        .map(|&(x, [low, _])| (x, low.max(floor / 2.0)));
    Curve {
        label: Some("stable for A".into()),
        points: upper.chain(lower).collect(),
        look: 0,
        weight: Weight::Area,
        marks: Vec::new(),
    }
}

/// A setting's values along the axis.
struct Line {
    setting: Setting,
    along: Vec<Place>,
}

/// One for each setting; settings that differ along the axis alone share the
/// first one's.
fn lines(settings: &[Setting], abscissa: Abscissa, ends: [f64; 2]) -> Result<Vec<Line>, Refusal> {
    let first = abscissa.other(&settings[0].model);
    let mut lines = Vec::new();
    for (i, &setting) in settings.iter().enumerate() {
        if i == 0 || abscissa.other(&setting.model) != first {
            let models = abscissa.along(&setting.model, ends)?;
            let along = models.iter().map(|model| place(model, abscissa)).collect();
            lines.push(Line { setting, along });
        }
    }
    Ok(lines)
}

impl Line {
    /// The largest stable curvature.
    fn break_even(&self, abscissa: Abscissa) -> Curve {
        let high = |place: &Place| place.stable.map(|[_, high]| high);
        self.curve("break-even", abscissa, high, Weight::Bold)
    }

    /// The smallest, where it is above 0, and 2/η where that is a line's own.
    fn bounds(&self, abscissa: Abscissa) -> Vec<Curve> {
        let low = |place: &Place| place.stable.map(|[low, _]| low).filter(|low| *low > 0.0);
        let mut curves = vec![self.curve("lower end", abscissa, low, Weight::Fine)];
        if abscissa == Abscissa::BatchSize {
            curves.push(self.limit(abscissa));
        }
        curves
    }

    fn limit(&self, abscissa: Abscissa) -> Curve {
        let limit = |place: &Place| Some(place.limit);
        let shared = abscissa == Abscissa::LearningRate;
        let curve = self.curve("2/η", abscissa, limit, Weight::Fine);
        if shared {
            let label = Some("2/η".into());
            Curve {
                label,
                look: 4,
                ..curve
            }
        } else {
            curve
        }
    }

    fn curve(
        &self,
        name: &str,
        abscissa: Abscissa,
        value: impl Fn(&Place) -> Option<f64>,
        weight: Weight,
    ) -> Curve {
        let point = |place: &Place| (place.x, value(place).unwrap_or(f64::NAN));
        Curve {
            label: Some(format!("{name}, {}", abscissa.other(&self.setting.model))),
            points: self.along.iter().map(point).collect(),
            look: self.setting.look,
            weight,
            marks: Vec::new(),
        }
    }
}

fn log_axis(label: &str, [low, high]: [f64; 2]) -> Axis {
    let ends = if high > low {
        [low, high]
    } else {
        [low / 2.0, high * 2.0]
    };
    Axis {
        label: label.into(),
        scale: Scale::log_around(ends),
        ticks: Ticks::Round,
    }
}

/// The left side of Eq. 1 against λ, up to a little past the largest 2/η.
fn left_side(settings: &[Setting]) -> Figure {
    let limits = settings
        .iter()
        .map(|setting| setting.model.full_batch_limit());
    let end = 1.1 * limits.fold(0.0, f64::max);
    let curve = |setting: &Setting| {
        let lambda = |i: usize| end * i as f64 / POINTS as f64;
        let points = (1..=POINTS).map(|i| (lambda(i), setting.model.stability(lambda(i))));
        Curve {
            label: Some(setting.label()),
            points: points.collect(),
            look: setting.look,
            weight: Weight::Bold,
            marks: Vec::new(),
        }
    };
    Figure {
        id: "left-side".into(),
        title: "Left side of Eq. 1 against λ_H: stable up to 1".into(),
        description: "The factor by which a step of SGD multiplies the mean of ψ squared, against \
                      the curvature. Stable where it is at most 1."
            .into(),
        x: Axis {
            label: "λ_H".into(),
            scale: Scale::Linear(0.0, end),
            ticks: Ticks::Round,
        },
        y: Axis {
            label: "left side of Eq. 1".into(),
            scale: Scale::Linear(0.0, 2.0),
            ticks: Ticks::Round,
        },
        curves: settings.iter().map(curve).collect(),
        guides: vec![Guide {
            at: Across::Y(1.0),
            look: None,
            label: None,
        }],
        ground: None,
        size: Size::Wide,
    }
}
