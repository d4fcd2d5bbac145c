//! Histograms of eigenvalues.

use breakeven_sim::record::SpectralDensity;

use super::*;

/// Thirty bins around 0 and 10 begin at −0.4 and are 0.36 wide: 0 is in bin 1,
/// 10 in bin 28.
#[test]
fn a_spectrum_is_counted_where_the_largest_eigenvalue_is_largest() {
    let spectrum = |values: [f64; 3], largest| Record {
        lambda_k: Some(largest),
        spectrum_k: Some(values.to_vec()),
        ..Record::default()
    };
    let early = spectrum([2.0, 1.0, 0.0], 2.0);
    let late = Record {
        step: 10,
        ..spectrum([10.0, 0.0, 0.0], 10.0)
    };
    let done = RunStatus::Completed;
    let runs = vec![
        run(0.1, 0, done, vec![early, late]),
        run(0.1, 1, done, vec![spectrum([10.0, 10.0, 0.0], 10.0)]),
    ];
    let drawn = drawing(3, 0, &sweep(runs));
    let heights: Vec<f64> = drawn.series[0].curve.points[1..]
        .iter()
        .step_by(2)
        .map(|p| p.1)
        .collect();
    // 2 and 1 at zero, 1 and 2 at ten: a mean of 1.5 each; elsewhere half of it.
    let expected: Vec<f64> = (0..30)
        .map(|k| if k == 1 || k == 28 { 1.5 } else { 0.75 })
        .collect();
    assert_eq!(heights[..30], expected);
    assert_eq!(
        drawn.said,
        ["η = 0.1: largest eigenvalue 10 at step 10, 10 at step 0"]
    );
}

#[test]
fn of_h_the_density_counts_where_no_spectrum_was_found() {
    let record = Record {
        lambda_h: Some(10.0),
        spectrum_h: Some(vec![10.0]),
        density_h: Some(Box::new(SpectralDensity {
            nodes: vec![0.0, 10.0],
            weights: vec![0.98, 0.02],
            probes: vec![0, 0],
            smallest_nonzero_upper_bound: None,
        })),
        ..Record::default()
    };
    let drawn = drawing(
        3,
        1,
        &sweep(vec![run(0.1, 0, RunStatus::Completed, vec![record])]),
    );
    let heights: Vec<f64> = drawn.series[0].curve.points[1..]
        .iter()
        .step_by(2)
        .map(|p| p.1)
        .collect();
    // D = 100 parameters.
    assert_eq!((heights[1], heights[28]), (98.0, 2.0));
    assert_eq!(heights[2], 1.0);
    let none = drawings(3, &three_levels(), &Aids::default());
    assert!(
        none[1]
            .as_ref()
            .unwrap_err()
            .contains("measure.hessian_eigenvalues")
    );
}

/// K, G and F by their densities alone, at the record with the largest node.
#[test]
fn of_other_matrices_densities_are_drawn() {
    let density = |nodes: [f64; 2]| {
        Some(Box::new(SpectralDensity {
            nodes: nodes.to_vec(),
            weights: vec![0.9, 0.1],
            probes: vec![0, 0],
            smallest_nonzero_upper_bound: None,
        }))
    };
    let at = |step, nodes| Record {
        step,
        density_k_per_example: density(nodes),
        density_g: density(nodes),
        density_f: density(nodes),
        ..Record::default()
    };
    let records = vec![at(0, [0.0, 5.0]), at(10, [0.0, 10.0])];
    let sweep = sweep(vec![run(0.1, 0, RunStatus::Completed, records)]);
    for of in ["k_per_example", "g", "f"] {
        let drawn = &spectrum_of(of, &sweep)[0];
        let drawn = drawn.as_ref().unwrap();
        assert_eq!(drawn.said, ["η = 0.1: largest eigenvalue 10 at step 10"]);
        let heights: Vec<f64> = drawn.series[0].curve.points[1..]
            .iter()
            .step_by(2)
            .map(|p| p.1)
            .collect();
        assert_eq!((heights[1], heights[28]), (90.0, 10.0));
        let none = spectrum_of(of, &three_levels());
        assert!(none[0].as_ref().unwrap_err().contains("density_of"));
    }
}

/// A figure of one panel, as a file of figures would have it.
fn spectrum_of(of: &str, sweep: &Sweep) -> Vec<Result<Drawing, String>> {
    let panel = format!("{{\"kind\": \"spectrum\", \"experiment\": \"{ID}\", \"of\": \"{of}\"}}");
    let figure = FigureSpec {
        panels: vec![serde_json::from_str(&panel).unwrap()],
        ..paper().figure(3).unwrap().clone()
    };
    let sweeps = BTreeMap::from([(ID.to_owned(), sweep.clone())]);
    let panels = draw(
        paper(),
        &figure,
        &sweeps,
        &Predicted::new(),
        &Aids::default(),
    );
    panels.into_iter().map(|panel| panel.drawing).collect()
}
