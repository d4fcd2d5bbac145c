//! Histograms of eigenvalues at the record of each run where the largest one is
//! largest (Fig. 3): the mean number a bin over the runs that count.
//!
//! K^M: the L eigenvalues. H: the leading ones that were found or, where only a
//! density was, its nodes with D times their weight. Of the per-example K, G and F their
//! densities, at the record of each run whose largest node is largest.

use breakeven_sim::record::{Record, SpectralDensity};

use super::Matrix;
use super::drawing::{Drawing, Subject, axis};
use super::levels::levels;
use crate::input::Run;
use crate::trajectories::{AtLevel, Series, Whose};
use breakeven_plot::number::significant;
use breakeven_plot::{Curve, Scale, Weight, text};

/// Bins of the horizontal axis.
const BINS: usize = 30;

/// Eigenvalues of one matrix, each with how many it stands for.
struct Spectrum {
    step: u64,
    eigenvalues: Vec<(f64, f64)>,
}

pub(super) fn draw(subject: &Subject<'_>, matrix: Matrix) -> Result<Drawing, String> {
    let levels = levels(subject.experiment.varies, subject.sweep);
    let spectra: Vec<Vec<Spectrum>> = levels
        .iter()
        .map(|level| {
            level
                .counted()
                .filter_map(|run| at_largest(run, matrix))
                .collect()
        })
        .collect();
    let all: Vec<f64> = spectra
        .iter()
        .flatten()
        .flat_map(|one| one.eigenvalues.iter().map(|pair| pair.0))
        .collect();
    if all.is_empty() {
        return Err(lacking(matrix).to_owned());
    }
    let zero = std::iter::once(0.0);
    let usual = Scale::linear_around(all.iter().copied().chain(zero));
    let x = subject.aids.horizontal(&all, usual);
    let counts: Vec<Vec<f64>> = spectra.iter().map(|of| mean_counts(of, x)).collect();
    let base = counts.iter().flatten().copied().filter(|c| *c > 0.0);
    let base = base.fold(f64::INFINITY, f64::min) / 2.0;
    let series: Vec<Series> = levels
        .iter()
        .zip(&counts)
        .enumerate()
        .flat_map(|(look, (level, counts))| outlines(level, counts, x, base, look))
        .collect();
    let shown = counts.iter().flatten().copied().filter(|c| *c > 0.0);
    let (_, top) = Scale::log_around(shown).ends();
    let y = Scale::Log(base, top);
    let said = levels
        .iter()
        .zip(&spectra)
        .map(|(level, spectra)| said(level, spectra))
        .collect();
    let description = format!("{}, as histograms by level.", text::plain(&subject.title));
    let figure = subject.figure(axis("eigenvalue", x), y, &series, description);
    Ok(Drawing {
        figure,
        series,
        said,
        table: None,
    })
}

fn lacking(matrix: Matrix) -> &'static str {
    match matrix {
        Matrix::K => "no run that counts has a record with spectrum_k",
        Matrix::H => {
            "no run that counts has more of H's spectrum than its largest eigenvalue: \
             measure.hessian_eigenvalues or measure.density_probes would"
        }
        Matrix::KPerExample | Matrix::G | Matrix::F => {
            "no run that counts has a record with the matrix's spectral density: \
             measure.density_probes with measure.density_of would"
        }
    }
}

/// The spectrum of the record with the largest λ, among those that have one.
fn at_largest(run: &Run, matrix: Matrix) -> Option<Spectrum> {
    let parameters = run.header.as_ref()?.parameters as f64;
    let largest = |record: &Record| match matrix {
        Matrix::K => record.lambda_k,
        Matrix::H => record.lambda_h,
        Matrix::KPerExample | Matrix::G | Matrix::F => {
            density(record, matrix)?.nodes.last().copied()
        }
    };
    let one = |record: &Record| {
        let eigenvalues = match matrix {
            Matrix::K => each_once(record.spectrum_k.as_deref()?),
            Matrix::H => of_hessian(record, parameters)?,
            Matrix::KPerExample | Matrix::G | Matrix::F => {
                each_by_weight(density(record, matrix)?, parameters)
            }
        };
        Some((largest(record)?, record.step, eigenvalues))
    };
    let all = run.records.iter().filter_map(one);
    let best = all.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
    Some(Spectrum {
        step: best.1,
        eigenvalues: best.2,
    })
}

fn each_once(values: &[f64]) -> Vec<(f64, f64)> {
    values.iter().map(|&value| (value, 1.0)).collect()
}

fn of_hessian(record: &Record, parameters: f64) -> Option<Vec<(f64, f64)>> {
    let leading = record.spectrum_h.as_deref().filter(|s| s.len() > 1);
    if let Some(values) = leading {
        return Some(each_once(values));
    }
    Some(each_by_weight(record.density_h.as_ref()?, parameters))
}

/// The density of a matrix that nothing else is recorded of.
fn density(record: &Record, matrix: Matrix) -> Option<&SpectralDensity> {
    match matrix {
        Matrix::KPerExample => record.density_k_per_example.as_deref(),
        Matrix::G => record.density_g.as_deref(),
        Matrix::F => record.density_f.as_deref(),
        Matrix::K | Matrix::H => None,
    }
}

fn each_by_weight(density: &SpectralDensity, parameters: f64) -> Vec<(f64, f64)> {
    let nodes = density.nodes.iter().zip(&density.weights);
    let number = |(&node, &weight): (&f64, &f64)| (node, weight * parameters);
    nodes.map(number).collect()
}

/// How many eigenvalues fall into each of [`BINS`] equal parts of an axis, as a
/// mean over runs.
fn mean_counts(spectra: &[Spectrum], x: Scale) -> Vec<f64> {
    let mut counts = vec![0.0; BINS];
    for (value, number) in spectra.iter().flat_map(|one| &one.eigenvalues) {
        if let Some(place) = x.place(*value) {
            let bin = (place * BINS as f64).floor().clamp(0.0, BINS as f64 - 1.0);
            counts[bin as usize] += number / spectra.len() as f64;
        }
    }
    counts
}

/// The histogram as a tinted area over `base`, and its outline, which leaves
/// empty bins out.
fn outlines(
    level: &AtLevel<'_>,
    counts: &[f64],
    x: Scale,
    base: f64,
    look: usize,
) -> impl Iterator<Item = Series> + use<> {
    let edge = |k: usize| x.at(k as f64 / BINS as f64);
    let bar = |(k, &count): (usize, &f64)| {
        let height = if count > 0.0 { count } else { base };
        [(edge(k), height), (edge(k + 1), height)]
    };
    let tops: Vec<_> = counts.iter().enumerate().flat_map(bar).collect();
    let ends = [(edge(0), base), (edge(BINS), base)];
    let area = [&ends[..1], &tops, &ends[1..]].concat();
    let outline = area.windows(2).flat_map(|pair| {
        let along_the_base = pair[0].1 == base && pair[1].1 == base;
        let gap = (f64::NAN, f64::NAN);
        [pair[0], if along_the_base { gap } else { pair[1] }]
    });
    let outline: Vec<_> = outline.collect();
    let curve = |label, weight, points| Series {
        level: level.name.clone(),
        whose: Whose::Mean,
        curve: Curve {
            label,
            points,
            look,
            weight,
            marks: Vec::new(),
        },
    };
    let tinted = curve(None, Weight::Area, area);
    [tinted, curve(Some(level.label()), Weight::Fine, outline)].into_iter()
}

fn said(level: &AtLevel<'_>, spectra: &[Spectrum]) -> String {
    let largest = |one: &Spectrum| one.eigenvalues.iter().map(|p| p.0).fold(f64::MIN, f64::max);
    let ends: Vec<String> = spectra
        .iter()
        .map(|one| format!("{} at step {}", significant(largest(one), 3), one.step))
        .collect();
    match ends.len() {
        0 => format!("{}: no spectrum", level.name),
        _ => format!("{}: largest eigenvalue {}", level.name, ends.join(", ")),
    }
}
