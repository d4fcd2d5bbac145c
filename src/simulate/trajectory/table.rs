//! The tables of trajectories.

use breakeven_sim::trajectory::Point;

use super::super::table::{Cell, Table};
use crate::simulate::model_run::Run;

pub fn summaries(runs: &[Run]) -> Table {
    let row = |run: &Run| {
        let crossing = run.trajectory.crossing;
        vec![
            run.learning_rate.into(),
            run.batch_size.into(),
            Cell::Count(run.seed),
            Cell::Text(
                if run.trajectory.points[0].stable {
                    "stable"
                } else {
                    "unstable"
                }
                .into(),
            ),
            crossing.map_or(Cell::Missing, |crossing| Cell::Count(crossing.step)),
            crossing.map(|crossing| crossing.lambda_h).into(),
            crossing.map(|crossing| crossing.lambda_k).into(),
            run.largest(|point| point.lambda_h).into(),
            run.largest(|point| point.lambda_k).into(),
        ]
    };
    let columns = vec![
        "learning_rate",
        "batch_size",
        "seed",
        "start",
        "crossing_step",
        "crossing_lambda_h",
        "crossing_lambda_k",
        "max_lambda_h",
        "max_lambda_k",
    ];
    Table {
        columns,
        rows: runs.iter().map(row).collect(),
    }
}

pub fn points(runs: &[Run]) -> Table {
    let row = |run: &Run, point: &Point| {
        vec![
            run.learning_rate.into(),
            run.batch_size.into(),
            Cell::Count(run.seed),
            Cell::Count(point.step),
            point.learning_rate.into(),
            point.lambda_h.into(),
            point.lambda_k.into(),
            point.psi.into(),
            point.curvature_variance.into(),
            point.stability.into(),
            Cell::Text(point.stable.to_string()),
        ]
    };
    let columns = vec![
        "learning_rate",
        "batch_size",
        "seed",
        "step",
        "learning_rate_at_step",
        "lambda_h",
        "lambda_k",
        "psi",
        "curvature_variance",
        "stability",
        "stable",
    ];
    let mut rows = Vec::new();
    for run in runs {
        rows.extend(run.trajectory.points.iter().map(|point| row(run, point)));
    }
    Table { columns, rows }
}
