//! The answer as a line and as a table.

use super::super::table::{Cell, Table, six_digits};
use super::Answered;

pub(super) fn summary(points: &[Answered]) -> String {
    let [point] = points else {
        return format!("{} combinations", points.len());
    };
    let [low, high] = point.growth_interval.map(six_digits);
    let mut text = format!(
        "E[psi^2] is multiplied by {} a step by Eq. 1; simulated {} [{low}, {high}].\n\
         ln|psi| changes by {} a step: {} % of the paths shrink.",
        six_digits(point.stability),
        six_digits(point.growth),
        six_digits(point.lyapunov_exponent),
        six_digits(100.0 * point.shrunk),
    );
    if let Some(exact) = point.enumerated {
        text += &format!(
            "\nOver all batches, one by one: {} and {}.",
            six_digits(exact.growth),
            six_digits(exact.lyapunov_exponent)
        );
    }
    if let Some(thresholds) = point.thresholds {
        text += &format!(
            "\nLargest stable learning rate: {} in mean square, {} almost surely.",
            six_digits(thresholds.mean_square),
            six_digits(thresholds.almost_sure)
        );
    }
    if let Some(reason) = point.reason {
        text += &format!("\nNo thresholds: {reason}.");
    }
    if let Some(last) = point.moments.last().filter(|last| last.largest_share > 0.1) {
        text += &format!(
            "\nOne path makes {} % of the mean of psi^2 at the end: that mean says little about E[psi^2].",
            six_digits(100.0 * last.largest_share)
        );
    }
    text
}

pub(super) fn table(points: &[Answered]) -> Table {
    let columns = vec![
        "learning_rate",
        "batch_size",
        "examples",
        "steps",
        "paths",
        "lambda",
        "curvature_variance",
        "stability",
        "growth",
        "growth_low",
        "growth_high",
        "lyapunov_exponent",
        "lyapunov_low",
        "lyapunov_high",
        "shrunk",
        "enumerated_growth",
        "enumerated_exponent",
        "mean_square_threshold",
        "almost_sure_threshold",
        "almost_sure_standard_error",
    ];
    let row = |point: &Answered| -> Vec<Cell> {
        let thresholds = point.thresholds;
        vec![
            point.learning_rate.into(),
            point.batch_size.into(),
            point.examples.into(),
            Cell::Count(point.steps),
            point.paths.into(),
            point.lambda.into(),
            point.curvature_variance.into(),
            point.stability.into(),
            point.growth.into(),
            point.growth_interval[0].into(),
            point.growth_interval[1].into(),
            point.lyapunov_exponent.into(),
            point.lyapunov_interval[0].into(),
            point.lyapunov_interval[1].into(),
            point.shrunk.into(),
            point.enumerated.map(|exact| exact.growth).into(),
            point.enumerated.map(|exact| exact.lyapunov_exponent).into(),
            thresholds.map(|thresholds| thresholds.mean_square).into(),
            thresholds.map(|thresholds| thresholds.almost_sure).into(),
            thresholds
                .and_then(|thresholds| thresholds.almost_sure_standard_error)
                .into(),
        ]
    };
    Table {
        columns,
        rows: points.iter().map(row).collect(),
    }
}
