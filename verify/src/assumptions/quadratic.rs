//! Assumption 1: along e_H¹ the loss is a parabola, f(t) = a + bt + ½ct². Fitted
//! to the measured losses by least squares, with c free and with c = λ_H as it was
//! recorded.

use breakeven_sim::record::{LossLine, Record};
use nalgebra::{DMatrix, DVector};
use serde::Serialize;

use super::{median, why_absent};
use crate::input::Run;

/// The fewest points: through three there is always a parabola.
const FEWEST_POINTS: usize = 4;
/// From this R² on a line counts as a parabola.
pub const QUADRATIC_FROM: f64 = 0.99;

/// Assumption 1 on the runs of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Quadratic {
    /// Lines that were fitted.
    pub lines: usize,
    /// Those with an R² of at least `quadratic_from`, with c free.
    pub quadratic: usize,
    /// Those with such an R² where c is the recorded λ_H.
    pub quadratic_with_lambda_h: usize,
    /// What counts as a parabola.
    pub quadratic_from: f64,
    /// Runs all of whose lines do, with c free.
    pub quadratic_runs: usize,
    /// Median R², with c free.
    pub median_r2: f64,
    /// Smallest.
    pub smallest_r2: f64,
    /// Median of c/λ_H: 1 where the curvature at the point is that of the whole
    /// reach.
    pub median_curvature_ratio: f64,
    /// Lines that cannot be fitted, with the first reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfitted: Option<(usize, String)>,
    /// Run by run.
    pub per_run: Vec<QuadraticRun>,
    /// Every line.
    #[serde(skip)]
    pub fits: Vec<LineFit>,
}

/// The lines of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuadraticRun {
    /// The run.
    pub run: String,
    /// Lines that were fitted.
    pub lines: usize,
    /// Those that count as a parabola, with c free.
    pub quadratic: usize,
    /// Median R², with c free.
    pub median_r2: f64,
    /// Largest residual of any, over the rise of its line.
    pub largest_residual: f64,
    /// Median of c/λ_H.
    pub median_curvature_ratio: f64,
}

/// A line of losses, and parabolas through it.
#[derive(Clone, Debug, PartialEq)]
pub struct LineFit {
    /// The run.
    pub run: String,
    /// Its step.
    pub step: u64,
    /// The line.
    pub line: LossLine,
    /// λ_H as it was recorded.
    pub lambda_h: f64,
    /// With c free.
    pub free: Parabola,
    /// With c = λ_H.
    pub fixed: Parabola,
}

/// A parabola a + bt + ½ct² and how well it fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parabola {
    /// a.
    pub level: f64,
    /// b.
    pub slope: f64,
    /// c.
    pub curvature: f64,
    /// 1 − Σ residual²/Σ (loss − mean)².
    pub r2: f64,
    /// Largest residual over the line's largest loss less its smallest.
    pub largest_residual: f64,
}

/// Of all runs.
pub fn of_runs(runs: &[&Run]) -> Result<Quadratic, String> {
    let (mut fits, mut per_run, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for run in runs {
        let mut own = Vec::new();
        for record in &run.records {
            match fit(run, record) {
                None => {}
                Some(Ok(fit)) => own.push(fit),
                Some(Err(why)) => refused.push(format!(
                    "{} at step {}: {why}",
                    run.summary.run, record.step
                )),
            }
        }
        per_run.extend(QuadraticRun::of(&run.summary.run, &own));
        fits.extend(own);
    }
    let unfitted = refused.first().map(|first| (refused.len(), first.clone()));
    if fits.is_empty() {
        return Err(match unfitted {
            Some((_, first)) => format!("no line can be fitted: {first}"),
            None => {
                let why = why_absent(runs, "loss_line");
                format!("{why}; loss_line_points in [measure] asks for it")
            }
        });
    }
    let count =
        |of: &dyn Fn(&LineFit) -> f64| fits.iter().filter(|f| of(f) >= QUADRATIC_FROM).count();
    Ok(Quadratic {
        lines: fits.len(),
        quadratic: count(&|f| f.free.r2),
        quadratic_with_lambda_h: count(&|f| f.fixed.r2),
        quadratic_from: QUADRATIC_FROM,
        quadratic_runs: per_run.iter().filter(|r| r.quadratic == r.lines).count(),
        median_r2: median(fits.iter().map(|f| f.free.r2)),
        smallest_r2: fits.iter().map(|f| f.free.r2).fold(f64::INFINITY, f64::min),
        median_curvature_ratio: median(fits.iter().map(LineFit::curvature_ratio)),
        unfitted,
        per_run,
        fits,
    })
}

impl QuadraticRun {
    fn of(run: &str, fits: &[LineFit]) -> Option<Self> {
        (!fits.is_empty()).then(|| Self {
            run: run.to_owned(),
            lines: fits.len(),
            quadratic: fits.iter().filter(|f| f.free.r2 >= QUADRATIC_FROM).count(),
            median_r2: median(fits.iter().map(|f| f.free.r2)),
            largest_residual: fits
                .iter()
                .map(|f| f.free.largest_residual)
                .fold(0.0, f64::max),
            median_curvature_ratio: median(fits.iter().map(LineFit::curvature_ratio)),
        })
    }
}

impl LineFit {
    /// c/λ_H.
    pub fn curvature_ratio(&self) -> f64 {
        self.free.curvature / self.lambda_h
    }
}

/// The fits of a record's line, where it has one.
fn fit(run: &Run, record: &Record) -> Option<Result<LineFit, String>> {
    let line = record.loss_line.as_ref()?;
    let of_record = || {
        let lambda_h = record.lambda_h.ok_or("λ_H was not measured")?;
        if lambda_h <= 0.0 {
            return Err(format!("λ_H is {lambda_h}: no parabola opens upwards"));
        }
        Ok(LineFit {
            run: run.summary.run.clone(),
            step: record.step,
            line: LossLine::clone(line),
            lambda_h,
            free: parabola(&line.offsets, &line.losses, None)?,
            fixed: parabola(&line.offsets, &line.losses, Some(lambda_h))?,
        })
    };
    Some(of_record())
}

/// The least-squares parabola through losses at these offsets, with the curvature
/// free or given.
///
/// ```
/// use breakeven_verify::assumptions::parabola;
///
/// // 1 + ½ · 6t².
/// let offsets = [-2.0, -1.0, 0.0, 1.0, 2.0];
/// let found = parabola(&offsets, &offsets.map(|t| 1.0 + 3.0 * t * t), None)?;
/// assert!((found.curvature - 6.0).abs() < 1e-9);
/// assert!((found.r2 - 1.0).abs() < 1e-12);
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
/// Why there is none.
pub fn parabola(
    offsets: &[f64],
    losses: &[f64],
    curvature: Option<f64>,
) -> Result<Parabola, String> {
    let n = offsets.len();
    if n != losses.len() {
        return Err(format!("{n} offsets and {} losses", losses.len()));
    }
    if n < FEWEST_POINTS {
        return Err(format!("{n} points: at least {FEWEST_POINTS} are needed"));
    }
    if let Some(bad) = offsets.iter().chain(losses).find(|x| !x.is_finite()) {
        return Err(format!("{bad} among the numbers"));
    }
    // Offsets over the reach, so that powers have the same size.
    let reach = offsets.iter().fold(0.0_f64, |a, t| a.max(t.abs()));
    let mean = losses.iter().sum::<f64>() / n as f64;
    let total: f64 = losses.iter().map(|loss| (loss - mean).powi(2)).sum();
    let (low, high) = ends(losses);
    if reach == 0.0 || total == 0.0 {
        return Err("the loss is the same along the line".to_owned());
    }
    let scaled = |k: usize| offsets[k] / reach;
    let given = curvature.map(|c| 0.5 * c * reach * reach);
    let powers = if given.is_some() { 2 } else { 3 };
    let design = DMatrix::from_fn(n, powers, |row, power| scaled(row).powi(power as i32));
    let target = DVector::from_fn(n, |row, _| {
        losses[row] - mean - given.map_or(0.0, |c| c * scaled(row).powi(2))
    });
    let solved = design.clone().svd(true, true).solve(&target, 1e-12);
    let found = solved.map_err(|why| format!("no least-squares solution: {why}"))?;
    let residuals = &design * &found - &target;
    let quadratic = given.unwrap_or_else(|| found[2]);
    Ok(Parabola {
        level: found[0] + mean,
        slope: found[1] / reach,
        curvature: 2.0 * quadratic / (reach * reach),
        r2: 1.0 - residuals.norm_squared() / total,
        largest_residual: residuals.amax() / (high - low),
    })
}

fn ends(values: &[f64]) -> (f64, f64) {
    values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |ends, &v| {
            (ends.0.min(v), ends.1.max(v))
        })
}
