//! The figures of thresholds.

use breakeven_sim::Model;

use super::super::chart::{Axis, Chart, Line, Scale};
use super::super::table::six_digits;
use super::{Answered, Variant};

/// The left side of Eq. 1 against λ, for one model.
pub fn stability_chart(model: &Model) -> Chart {
    let end = 1.1 * model.full_batch_limit();
    let lambda = |i: usize| end * i as f64 / 200.0;
    let left = |i: usize| (lambda(i), model.stability(lambda(i)));
    let mut points: Vec<(f64, f64)> = (1..=200).map(left).collect();
    // Where part of the curve is stable, that part is what one wants to see.
    if points.iter().any(|&(_, left)| left <= 1.0) {
        points.retain(|&(_, left)| left <= 3.0);
    }
    let one = vec![(0.0, 1.0), (end, 1.0)];
    Chart {
        title: "Left side of Eq. 1: stable up to 1".into(),
        x: Axis {
            label: "lambda_H".into(),
            scale: Scale::Linear,
        },
        y: Axis {
            label: "left side of Eq. 1".into(),
            scale: Scale::Linear,
        },
        lines: vec![
            Line {
                name: "left side".into(),
                points,
            },
            Line {
                name: "1".into(),
                points: one,
            },
        ],
    }
}

/// The break-even λ_H of the other rules that were asked for.
fn variant_lines(points: &[Answered], x: Field) -> impl Iterator<Item = Line> {
    type Rule = fn(&Answered) -> Option<Variant>;
    let rules: [(&str, Rule); 2] = [
        ("momentum", |point| point.momentum),
        ("weight decay", |point| point.weight_decay),
    ];
    rules.into_iter().filter_map(move |(name, rule)| {
        let place = |point: &Answered| {
            let lambda_h = rule(point)?.lambda_h.unwrap_or(f64::NAN);
            Some((x(point), lambda_h))
        };
        let value = points.iter().find_map(rule)?.value;
        Some(Line {
            name: format!("{name} {}", six_digits(value)),
            points: points.iter().filter_map(place).collect(),
        })
    })
}

type Field = fn(&Answered) -> f64;

/// The options that can be varied, in the order in which they are tried as
/// the horizontal axis.
const FIELDS: [(&str, Field); 9] = [
    ("learning rate", |point| point.learning_rate),
    ("batch size", |point| point.batch_size as f64),
    ("examples", |point| point.examples as f64),
    ("alpha", |point| point.noise.alpha.unwrap_or(0.0)),
    ("psi0", |point| point.noise.psi0.unwrap_or(0.0)),
    ("lambda0", |point| point.noise.lambda0.unwrap_or(0.0)),
    ("psi exponent", |point| {
        point.noise.psi_exponent.unwrap_or(0.0)
    }),
    ("curvature variance", |point| {
        point.given.curvature_variance.unwrap_or(0.0)
    }),
    ("psi", |point| point.given.psi.unwrap_or(0.0)),
];

/// The break-even λ_H against the first option that takes several values,
/// one line for each combination of the others.
pub fn sweep_chart(points: &[Answered]) -> Chart {
    let varied = |&(_, field): &(&str, Field)| {
        points
            .windows(2)
            .any(|pair| field(&pair[0]) != field(&pair[1]))
    };
    let mut fields = FIELDS.into_iter().filter(varied);
    let (label, x) = fields.next().unwrap_or(FIELDS[0]);
    let others: Vec<(&str, Field)> = fields.collect();
    let mut lines: Vec<Line> = Vec::new();
    for point in points {
        let part = |&(name, field): &(&str, Field)| format!("{name} {}", six_digits(field(point)));
        let name = others.iter().map(part).collect::<Vec<_>>().join(", ");
        let name = if name.is_empty() {
            "break-even".to_owned()
        } else {
            name
        };
        let place = (x(point), point.lambda_h.unwrap_or(f64::NAN));
        match lines.iter_mut().find(|line| line.name == name) {
            Some(line) => line.points.push(place),
            None => lines.push(Line {
                name,
                points: vec![place],
            }),
        }
    }
    if others.is_empty() {
        lines.extend(variant_lines(points, x));
    }
    if !others.iter().any(|&(name, _)| name == "learning rate") {
        let limit = |point: &Answered| (x(point), point.full_batch_limit);
        let mut limits: Vec<(f64, f64)> = points.iter().map(limit).collect();
        limits.sort_by(|a, b| a.0.total_cmp(&b.0));
        limits.dedup();
        lines.push(Line {
            name: "2/eta".into(),
            points: limits,
        });
    }
    let places = || lines.iter().flat_map(|line| line.points.iter().copied());
    let x = Axis {
        label: label.into(),
        scale: Scale::suiting(places().map(|place| place.0)),
    };
    let y = Axis {
        label: "lambda_H".into(),
        scale: Scale::suiting(places().map(|place| place.1)),
    };
    Chart {
        title: "Break-even curvature".into(),
        x,
        y,
        lines,
    }
}
