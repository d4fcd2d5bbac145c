//! Curvature along training, drawn.

use super::super::chart::{Axis, Chart, Line, Scale};
use super::super::model_run::Run;

/// Runs in one figure.
const MOST_LINES: usize = 6;

pub(super) fn chart(runs: &[Run]) -> Chart {
    let several_seeds = runs.iter().any(|run| run.seed > 0);
    let line = |run: &Run| Line {
        name: run.name(several_seeds),
        points: run
            .trajectory
            .points
            .iter()
            .map(|point| (point.step as f64, point.lambda_h))
            .collect(),
    };
    let lines: Vec<Line> = runs.iter().take(MOST_LINES).map(line).collect();
    let heights = lines
        .iter()
        .flat_map(|line| &line.points)
        .map(|point| point.1);
    let y = Axis {
        label: "lambda_H".into(),
        scale: Scale::suiting(heights),
    };
    let x = Axis {
        label: "step".into(),
        scale: Scale::Linear,
    };
    Chart {
        title: "Curvature along training".into(),
        x,
        y,
        lines,
    }
}
