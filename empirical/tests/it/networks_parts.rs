//! Networks of which some parameters vary, against the whole.

use breakeven_empirical::model::Partial;
use breakeven_empirical::network::Network;
use breakeven_empirical::operator::{
    GaussNewtonOp, GradientCovarianceOp, HessianOp, LinearOperator, Point, PointSettings,
};
use breakeven_empirical::parameters::Parameter;

use crate::networks::Case;

/// Those of H and K that are exact.
pub fn traces_of(point: &Point) -> [Option<f64>; 2] {
    let k = GradientCovarianceOp::of(point).ok().map(|k| k.trace());
    [point.hessian_trace(), k]
}

/// Where some parameters alone vary, gradients and products are parts of the
/// whole's. Returns the traces.
pub fn check_part(case: &Case, whole: &Point, varies: impl Fn(usize) -> bool) -> [Option<f64>; 2] {
    let layout = case.model.parameters();
    let names: Vec<&str> = layout.iter().map(|p| p.name.as_str()).collect();
    let chosen = |parameter: &Parameter| {
        let place = names.iter().position(|&name| name == parameter.name);
        varies(place.unwrap())
    };
    let partial = Partial::new(&*case.model, &case.theta, &case.compute, chosen);
    let network = Network {
        model: &partial,
        ..case.network()
    };
    let theta = partial.part_of(&case.theta);
    let settings = PointSettings::default();
    let part = Point::new(network, &theta, &case.examples, settings);
    assert!(part.dim() < whole.dim());
    let direction = case.direction();
    let along: Vec<f64> = layout
        .parts(&direction)
        .flat_map(|(parameter, v)| {
            let share = f64::from(u8::from(chosen(parameter)));
            v.iter().map(move |x| share * x)
        })
        .collect();
    let v = partial.part_of(&along);
    let same = |what: &str, found: &[f64], expected: &[f64]| {
        case.close(what, found, &partial.part_of(expected));
    };
    same("gradient of a part", part.gradient(), whole.gradient());
    let [found, expected] = [HessianOp(&part).apply(&v), HessianOp(whole).apply(&along)];
    same("Hv of a part", &found, &expected);
    let [found, expected] = [
        GaussNewtonOp(&part).apply(&v),
        GaussNewtonOp(whole).apply(&along),
    ];
    same("Gv of a part", &found, &expected);
    let curved = HessianOp(whole).quadratic(&along);
    case.close(
        "vᵀHv of a part",
        &[HessianOp(&part).quadratic(&v)],
        &[curved],
    );
    if let (Ok(part), Ok(whole)) = (
        GradientCovarianceOp::of(&part),
        GradientCovarianceOp::of(whole),
    ) {
        same("Kv of a part", &part.apply(&v), &whole.apply(&along));
    }
    traces_of(&part)
}
