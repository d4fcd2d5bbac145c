//! A scatter of two quantities with Pearson's correlation at each level
//! (Fig. 9).
//!
//! Records of one run follow from each other, so that they are no sample.
//! Seeds are: r is taken along each run, and its mean and interval over runs
//! are Student's on Fisher's z = artanh r.

use super::drawing::{Drawing, Subject};
use super::field::Field;
use super::levels::levels;
use super::scatter;
use crate::input::Run;
use crate::interval::of_mean;
use crate::trajectories::AtLevel;
use breakeven_plot::number::significant;

/// One minus the intervals' coverage.
const ALPHA: f64 = 0.05;

pub(super) fn draw(subject: &Subject<'_>, y: Field, x: Field) -> Result<Drawing, String> {
    let levels = levels(subject.experiment.varies, subject.sweep);
    let label = |level: &AtLevel<'_>| match Correlation::of(level, y, x) {
        Some(found) => format!("{}, r = {}", level.name, significant(found.mean, 2)),
        None => level.label(),
    };
    let series = scatter::series(&levels, y, x, label);
    let mut drawing = scatter::drawn(subject, y, x, series)?;
    drawing.said = levels.iter().map(|level| said(level, y, x)).collect();
    Ok(drawing)
}

/// Pearson's correlation of a level.
#[derive(Clone, Debug, PartialEq)]
struct Correlation {
    /// Runs that have one.
    runs: usize,
    /// tanh of the mean of artanh r.
    mean: f64,
    /// Of the mean; without one where there are too few runs.
    interval: Option<[f64; 2]>,
}

impl Correlation {
    fn of(level: &AtLevel<'_>, y: Field, x: Field) -> Option<Self> {
        let z: Vec<f64> = level
            .counted()
            .filter_map(|run| of_run(run, y, x))
            .map(f64::atanh)
            .filter(|z| z.is_finite())
            .collect();
        if z.is_empty() {
            return None;
        }
        let mean = z.iter().sum::<f64>() / z.len() as f64;
        Some(Self {
            runs: z.len(),
            mean: mean.tanh(),
            interval: of_mean(&z, ALPHA).map(|ends| ends.map(f64::tanh)),
        })
    }
}

fn said(level: &AtLevel<'_>, y: Field, x: Field) -> String {
    let number = |value| significant(value, 3);
    let Some(found) = Correlation::of(level, y, x) else {
        return format!("{}: no run has three records that differ", level.name);
    };
    let interval = match found.interval {
        Some([low, high]) => format!("95 % interval {} to {}", number(low), number(high)),
        None => "no interval: it takes two seeds that differ".to_owned(),
    };
    format!(
        "{}: Pearson's r along a run is {} over {} seeds ({interval})",
        level.name,
        number(found.mean),
        found.runs
    )
}

fn of_run(run: &Run, y: Field, x: Field) -> Option<f64> {
    let points: Vec<_> = scatter::points(run, y, x).map(|(_, point)| point).collect();
    pearson(&points)
}

/// r = Σ(x − x̄)(y − ȳ) / √(Σ(x − x̄)² Σ(y − ȳ)²). `None` for fewer than three
/// points, of which two always lie on a line, and where one side is constant.
fn pearson(points: &[(f64, f64)]) -> Option<f64> {
    if points.len() < 3 {
        return None;
    }
    let n = points.len() as f64;
    let mean_x = points.iter().map(|p| p.0).sum::<f64>() / n;
    let mean_y = points.iter().map(|p| p.1).sum::<f64>() / n;
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in points {
        let (dx, dy) = (x - mean_x, y - mean_y);
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    let r: f64 = xy / (xx * yy).sqrt();
    r.is_finite().then_some(r.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: x − x̄ = −1.5, −0.5, 0.5, 1.5, y − ȳ = −1, −2, 2, 1: Σxy = 5,
    /// Σx² = 5, Σy² = 10, r = 5/√50 = 1/√2.
    #[test]
    fn pearsons_r_is_that_of_a_hand_made_table() {
        let points = [(1.0, 2.0), (2.0, 1.0), (3.0, 5.0), (4.0, 4.0)];
        let r = pearson(&points).unwrap();
        assert!((r - 0.5_f64.sqrt()).abs() < 1e-15, "{r}");
        assert_eq!(pearson(&points[..2]), None);
        assert_eq!(pearson(&[(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)]), None);
    }
}
