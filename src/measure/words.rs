//! A portrait in words.

use breakeven_empirical::portrait::{CovariancePortrait, LayerPortrait, Portrait, StepPortrait};
use breakeven_sim::record::HessianHalf;

use super::densities;
use super::leading::{covariance, estimated, largest, leading, outliers, traced, values, within};
use super::line::{line, number};

pub(super) fn table(portrait: &Portrait) -> String {
    let h = &portrait.hessian;
    let k = &portrait.covariance_per_example;
    let mini = &portrait.covariance_mini_batch;
    // A number, or why there is none.
    let or_why = |field: &str, shown: Option<String>| {
        let why = || portrait.absent.get(field).map_or("none", String::as_str);
        shown.unwrap_or_else(|| format!("absent: {}", why()))
    };
    let along = portrait.curvature_along_top;
    let notes = portrait.notes.iter().map(|note| format!("note: {note}\n"));
    let notes: String = notes.collect();
    let mut lines = vec![
        format!(
            "{notes}{} parameters, {} examples, mean loss {}, accuracy {:.4}\n",
            portrait.parameters,
            portrait.examples,
            number(portrait.loss),
            portrait.accuracy
        ),
        "H, the Hessian of the mean loss".to_owned(),
    ];
    lines.extend(values("largest", &h.leading.values));
    lines.extend(outliers(portrait, "hessian", &h.leading.outliers));
    if let Some(smallest) = &h.smallest {
        lines.extend(values("smallest", smallest));
    }
    lines.extend(traced(&h.trace, &h.leading, portrait.parameters));
    if let Some(g) = &portrait.gauss_newton {
        lines.push("\nG, the Gauss–Newton matrix".to_owned());
        lines.extend(values("largest", &g.leading.values));
        lines.extend(outliers(portrait, "gauss_newton", &g.leading.outliers));
        lines.extend(traced(&g.trace, &g.leading, portrait.parameters));
    }
    let of_gradients = |found: &Option<CovariancePortrait>, field: &str| match found {
        Some(found) => covariance(portrait, field, found),
        None => vec![line("largest", &or_why(field, None))],
    };
    lines.push("\nK, the covariance of the examples' gradients".to_owned());
    lines.extend(of_gradients(k, "covariance_per_example"));
    let noise = portrait.gradient_noise_scale;
    let noise = noise.zip(portrait.gradient_noise_scale_error_bound);
    let noise = noise.map(|(scale, error)| within(scale, error));
    lines.push(line("Tr K/‖g‖²", &or_why("gradient_noise_scale", noise)));
    let (fisher, field) = (&portrait.empirical_fisher, "empirical_fisher");
    if fisher.is_some() || portrait.absent.contains_key(field) {
        lines.push("\nF, the empirical Fisher: K about zero".to_owned());
        lines.extend(of_gradients(fisher, field));
    }
    lines.extend([
        format!(
            "\nK^M, the covariance of {} gradients of {} examples; about K/{}",
            mini.batches, mini.batch_size, mini.batch_size
        ),
        line(
            "eigenvalues",
            &format!(
                "{} (rank {}, error at most {:.0e})",
                leading(&mini.eigenvalues),
                mini.rank,
                largest(&mini.error_bounds)
            ),
        ),
    ]);
    let field = "covariance_mini_batch";
    lines.extend(outliers(portrait, field, &mini.outliers));
    lines.extend([
        line(
            "smallest non-zero",
            &or_why(
                "covariance_mini_batch.smallest_nonzero",
                mini.smallest_nonzero.map(number),
            ),
        ),
        line(
            "smallest/largest",
            &or_why(
                "covariance_mini_batch.ratio",
                mini.ratio
                    .zip(mini.ratio_error_bound)
                    .map(|(ratio, error)| within(ratio, error)),
            ),
        ),
        line("trace", &within(mini.trace, mini.trace_error_bound)),
        line(
            "batch sharpness",
            &or_why(
                "batch_sharpness",
                portrait
                    .batch_sharpness
                    .map(|sharp| estimated(sharp, portrait.batch_sharpness_standard_error)),
            ),
        ),
        line(
            "… ratio of means",
            &or_why(
                "batch_sharpness_ratio_of_means",
                portrait.batch_sharpness_ratio_of_means.map(|ratio| {
                    estimated(
                        ratio,
                        portrait.batch_sharpness_ratio_of_means_standard_error,
                    )
                }),
            ),
        ),
        "\nAlong e, the top eigenvector of H".to_owned(),
        line(
            "|cos(e, e_K)|",
            &or_why(
                "cosine_hessian_covariance",
                portrait.cosine_hessian_covariance.map(number),
            ),
        ),
    ]);
    if let (Some(cosines), None) = (
        &portrait.eigenspace_cosines,
        portrait.cosine_hessian_covariance,
    ) {
        let meaning = "cosines between the top eigenspaces of H and K";
        lines.push(line("angles", &format!("{} ({meaning})", leading(cosines))));
    }
    lines.extend([
        line(
            "mean of eᵀH_i e",
            &or_why("curvature_along_top", along.map(|along| number(along.mean))),
        ),
        line(
            "variance, s²",
            &along.map_or("absent".to_owned(), |along| {
                format!("{} (1/N, as in Eq. 1)", number(along.variance))
            }),
        ),
    ]);
    lines.extend(shape_of_the_loss(portrait));
    lines.extend(portrait.halves.iter().flat_map(of_halves));
    let why = portrait.absent.get("halves");
    lines.extend(why.map(|why| line("halves", &format!("absent: {why}"))));
    lines.extend(portrait.step.iter().flat_map(|step| of_step(step, &or_why)));
    lines.extend(densities::lines(portrait));
    if !portrait.layers.is_empty() {
        lines.push("\nLayer by layer, the others held fixed".to_owned());
        lines.extend(layers(&portrait.layers));
    }
    lines.join("\n") + "\n"
}

/// What two halves of the examples have, one beside the other.
fn of_halves(halves: &[HessianHalf; 2]) -> Vec<String> {
    let both = |name: &str, value: fn(&HessianHalf) -> Option<f64>| {
        let [a, b] = halves.each_ref().map(value);
        a.zip(b)
            .map(|(a, b)| line(name, &format!("{} and {}", number(a), number(b))))
    };
    let sizes = halves.each_ref().map(|half| half.examples);
    let title = format!("\nOn {} examples and on the other {}", sizes[0], sizes[1]);
    let rows = [
        both("λ_H", |half| Some(half.lambda_h)),
        both("λ_K", |half| half.lambda_k_per_example),
        both("Tr K", |half| half.trace_k_per_example),
    ];
    std::iter::once(title)
        .chain(rows.into_iter().flatten())
        .collect()
}

/// How stable a step is, with the bounds of what is found.
fn of_step(step: &StepPortrait, or_why: &dyn Fn(&str, Option<String>) -> String) -> Vec<String> {
    let stability = step.stability.zip(step.stability_standard_error);
    let stability = stability.map(|(left, error)| {
        format!(
            "{} ± {} (standard error; stable up to 1)",
            number(left),
            number(error)
        )
    });
    let growth = step.growth.zip(step.growth_error_bound);
    let growth = growth.map(|(growth, error)| within(growth, error));
    let critical = step
        .critical_sharpness
        .zip(step.critical_sharpness_error_bound);
    let critical = critical.zip(step.critical_learning_rate);
    let critical = critical.map(|((sharpness, error), rate)| {
        format!("{}, at η_c = {}", within(sharpness, error), number(rate))
    });
    vec![
        format!(
            "\nA step of SGD with η = {} on {} examples",
            step.learning_rate, step.batch_size
        ),
        line("left of Eq. 1", &or_why("step.stability", stability)),
        line("λ of E[(I−ηH_B)²]", &or_why("step.growth", growth)),
        line(
            "2/η_c along g",
            &or_why("step.critical_sharpness", critical),
        ),
    ]
}

/// The loss away from θ, which figures and JSON have in full.
fn shape_of_the_loss(portrait: &Portrait) -> Vec<String> {
    let mut lines = Vec::new();
    let mut said = |name: &str, field: &str, shown: Option<String>| {
        let why = || Some(format!("absent: {}", portrait.absent.get(field)?));
        lines.extend(shown.or_else(why).map(|shown| line(name, &shown)));
    };
    let ends = |losses: &mut dyn Iterator<Item = f64>| {
        let (low, high) = losses.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), loss| {
            (loss.min(low), loss.max(high))
        });
        format!("loss from {} to {}", number(low), number(high))
    };
    let line_ends = portrait.loss_line.as_ref().map(|found| {
        let reach = found.offsets.last().copied().unwrap_or_default();
        let ends = ends(&mut found.losses.iter().copied());
        format!("{ends}, out to ±{}", number(reach))
    });
    said("line along e", "loss_line", line_ends);
    let plane = portrait.loss_plane.as_ref().map(|found| {
        let reach = |k: usize| number(found.offsets[k].last().copied().unwrap_or_default());
        let ends = ends(&mut found.losses.iter().flatten().copied().flatten());
        format!(
            "{ends}, out to ±{} along e and ±{} along the second",
            reach(0),
            reach(1)
        )
    });
    said("plane of e and e_2", "loss_plane", plane);
    lines
}

/// A row a layer: its largest eigenvalues and traces, which the JSON has with
/// their errors.
fn layers(all: &[LayerPortrait]) -> Vec<String> {
    let title = [
        "layer",
        "parameters",
        "λ_H",
        "Tr H",
        "λ_K",
        "Tr K",
        "Tr K^M",
    ];
    let mut rows = vec![title.map(str::to_owned)];
    for LayerPortrait { layer, portrait } in all {
        let k = portrait.covariance_per_example.as_ref();
        let shown = |found: Option<f64>| found.map_or("–".to_owned(), number);
        rows.push([
            layer.clone(),
            portrait.parameters.to_string(),
            shown(portrait.hessian.leading.values.eigenvalues.first().copied()),
            shown(Some(portrait.hessian.trace.value)),
            shown(k.and_then(|k| k.leading.values.eigenvalues.first().copied())),
            shown(k.map(|k| k.trace)),
            shown(Some(portrait.covariance_mini_batch.trace)),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..title.len()).filter_map(width).collect();
    let padded = |row: &[String; 7]| {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, &width))| match column {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        format!("  {}", cells.collect::<Vec<_>>().join("  "))
    };
    rows.iter().map(padded).collect()
}
