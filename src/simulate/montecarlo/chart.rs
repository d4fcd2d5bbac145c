//! The figures of simulated SGD.

use breakeven_sim::montecarlo::Moment;

use super::super::chart::{Axis, Chart, Line, Scale};
use super::Answered;

/// ψ² along the steps: expected, mean over the paths, median.
pub fn path_chart(point: &Answered) -> Chart {
    let line = |name: &str, of: fn(&Moment) -> f64| {
        let after = point
            .moments
            .iter()
            .map(|moment| (moment.step as f64, of(moment)));
        Line {
            name: name.into(),
            points: std::iter::once((0.0, 0.0)).chain(after).collect(),
        }
    };
    Chart {
        title: "psi^2 along the steps".into(),
        x: Axis {
            label: "step".into(),
            scale: Scale::Linear,
        },
        y: Axis {
            label: "log10 of psi^2".into(),
            scale: Scale::Linear,
        },
        lines: vec![
            line("mean over the paths", |moment| moment.log10_mean_square),
            line("E[psi^2] by Eq. 1", |moment| moment.log10_expected),
            line("median", |moment| moment.log10_median_square),
        ],
    }
}

/// Growth against η, or against S where η is the same throughout.
pub fn sweep_chart(points: &[Answered]) -> Chart {
    let by_rate = points
        .windows(2)
        .any(|pair| pair[0].learning_rate != pair[1].learning_rate);
    let x = |point: &Answered| {
        if by_rate {
            point.learning_rate
        } else {
            point.batch_size as f64
        }
    };
    let first = points[0].batch_size;
    let shown: Vec<&Answered> = points
        .iter()
        .filter(|point| !by_rate || point.batch_size == first)
        .collect();
    let line = |name: &str, of: fn(&Answered) -> f64| Line {
        name: name.into(),
        points: shown.iter().map(|point| (x(point), of(point))).collect(),
    };
    let title = if by_rate {
        format!("Growth in a step, batch size {first}")
    } else {
        "Growth in a step".into()
    };
    let label = if by_rate {
        "learning rate"
    } else {
        "batch size"
    };
    let lines = vec![
        line("simulated E[psi^2]", |point| point.growth),
        line("left side of Eq. 1", |point| point.stability),
        line("typical path, squared", |point| {
            (2.0 * point.lyapunov_exponent).exp()
        }),
        line("1", |_| 1.0),
    ];
    let heights = lines
        .iter()
        .flat_map(|line| &line.points)
        .map(|place| place.1);
    Chart {
        title,
        x: Axis {
            label: label.into(),
            scale: Scale::suiting(shown.iter().map(|point| x(point))),
        },
        y: Axis {
            label: "growth in a step".into(),
            scale: Scale::suiting(heights),
        },
        lines,
    }
}
