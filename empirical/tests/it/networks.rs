//! Every kind of network at a tiny size against float64 numbers of PyTorch,
//! torchvision and transformers.

use breakeven_empirical::compute::{Compute, DeviceKind, Precision, to_host};
use breakeven_empirical::examples::{Examples, Inputs, Words};
use breakeven_empirical::layers::{Activation, Normalisation, Statistics};
use breakeven_empirical::model::{Architecture, BertShape, CnnShape, InputShape, Model, Shortcut};
use breakeven_empirical::moments::Moments;
use breakeven_empirical::network::{Loss, Network, chunks};
use breakeven_empirical::operator::{
    GaussNewtonOp, GradientCovarianceOp, HessianOp, LinearOperator, Point, PointSettings,
};
use breakeven_empirical::parameters::Role;
use breakeven_empirical::tape::Matrix;
use serde_json::Value;

use crate::networks_parts::{check_part, traces_of};
use crate::reference::{fixture, formula, formula_direction, formula_pixels, weight};
use crate::tolerance;

const VOCABULARY: usize = 11;
const LENGTH: usize = 6;

fn architecture(name: &str) -> Architecture {
    match name {
        "simple_cnn_bn" => Architecture::SimpleCnnBn(CnnShape {
            first: 2,
            second: 3,
            dense: 4,
        }),
        "resnet_a" => Architecture::Resnet {
            blocks: 2,
            width: 4,
            shortcut: Shortcut::A,
        },
        "resnet_b" => Architecture::Resnet {
            blocks: 1,
            width: 4,
            shortcut: Shortcut::B,
        },
        "densenet" => Architecture::Densenet {
            growth: 4,
            blocks: vec![2, 3],
            first: 6,
        },
        "lstm" => Architecture::Lstm {
            embedding: 3,
            hidden: 4,
        },
        "bert" => Architecture::Bert(BertShape {
            hidden_size: 8,
            num_hidden_layers: 2,
            num_attention_heads: 2,
            intermediate_size: 6,
            max_position_embeddings: 7,
            type_vocab_size: 2,
            hidden_act: Activation::Gelu,
            layer_norm_eps: 1e-12,
            vocab_size: None,
            pretrained: None,
        }),
        _ => panic!("no network {name}"),
    }
}

pub struct Case {
    name: String,
    numbers: Value,
    pub compute: Compute,
    pub model: Box<dyn Model>,
    pub theta: Vec<f64>,
    buffers: Vec<Matrix>,
    pub examples: Examples,
    pub lanes: Option<usize>,
}

fn buffer(role: Role, a: f64) -> f64 {
    match role {
        Role::Scale { .. } => 1.0 + 0.3 * a,
        _ => 0.1 * a,
    }
}

impl Case {
    fn all() -> Vec<Self> {
        Self::all_on(DeviceKind::Flex, Precision::F64)
    }

    /// Those whose examples are coupled, in so many lanes.
    pub fn coupled(precision: Precision, lanes: usize) -> Vec<Self> {
        let all = Self::all_on(DeviceKind::Flex, precision).into_iter();
        all.filter(|case| case.network().couples_examples())
            .map(|case| Self {
                lanes: Some(lanes),
                ..case
            })
            .collect()
    }

    fn all_on(device: DeviceKind, precision: Precision) -> Vec<Self> {
        let compute = Compute::new(device, precision).unwrap();
        let text = std::fs::read_to_string(fixture("networks.json")).unwrap();
        let file: Value = serde_json::from_str(&text).unwrap();
        let cases = file["cases"].as_object().unwrap();
        cases
            .iter()
            .map(|(name, numbers)| Self::of(name, numbers.clone(), compute.clone()))
            .collect()
    }

    fn of(name: &str, numbers: Value, compute: Compute) -> Self {
        let number = |field: &str| numbers[field].as_u64().unwrap() as usize;
        let (count, classes) = (number("examples"), number("classes"));
        let mode = numbers["mode"].as_str().unwrap();
        let kind = name
            .strip_suffix(mode)
            .map_or(name, |x| x.trim_end_matches('_'));
        let (shape, inputs) = match kind {
            "lstm" | "bert" => (
                InputShape::Text {
                    vocabulary: VOCABULARY,
                    length: LENGTH,
                },
                words(count, &compute),
            ),
            _ => {
                let image = [3, number("side"), number("side")];
                (image.into(), pixels(count, image, &compute))
            }
        };
        let model = architecture(kind).build(shape, classes).unwrap();
        let theta = formula(model.parameters(), weight);
        let layout = model.parameters().buffers();
        let buffers = layout.split(&formula(&layout, buffer), &compute);
        let labels: Vec<usize> = (0..count).map(|n| (n * 7 + 3) % classes).collect();
        Self {
            name: name.to_owned(),
            examples: Examples::of(inputs, &labels, classes, &compute),
            numbers,
            compute,
            model,
            theta,
            buffers,
            lanes: None,
        }
    }

    pub fn network(&self) -> Network<'_> {
        Network {
            lanes: self.lanes,
            model: &*self.model,
            compute: &self.compute,
            loss: Loss::CrossEntropy,
            normalisation: match self.numbers["mode"].as_str() {
                Some("batch") => Normalisation::Batch,
                _ => Normalisation::Running(&self.buffers),
            },
        }
    }

    fn point(&self) -> Point<'_> {
        let settings = PointSettings::default();
        Point::new(self.network(), &self.theta, &self.examples, settings)
    }

    pub fn direction(&self) -> Vec<f64> {
        formula_direction(self.model.parameters())
    }

    fn list(&self, path: &str) -> Vec<f64> {
        let list = self.numbers.pointer(path).unwrap().as_array().unwrap();
        list.iter().map(|x| x.as_f64().unwrap()).collect()
    }

    #[track_caller]
    pub fn close(&self, what: &str, found: &[f64], expected: &[f64]) {
        let exact = match self.compute.precision() {
            Precision::F64 => tolerance::F64,
            // Coupled examples and residuals cancel in 32 bits.
            Precision::F32 => tolerance::F32_KINKS,
        };
        let scale = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        assert_eq!(found.len(), expected.len(), "{}: {what}", self.name);
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() <= exact * scale,
                "{}: {what} is {found}, PyTorch has {expected}",
                self.name
            );
        }
    }

    #[track_caller]
    fn number(&self, what: &str, path: &str, found: f64) {
        let expected = self.numbers.pointer(path).unwrap().as_f64().unwrap();
        self.close(what, &[found], &[expected]);
    }
}

impl Case {
    /// A product with the direction: its norm, quadratic form, and some entries.
    #[track_caller]
    fn product(&self, name: &str, product: &[f64]) {
        let path = |field: &str| format!("/{name}/{field}");
        self.number(name, &path("norm"), dot(product, product).sqrt());
        // Where terms cancel, as exact as the product is.
        let quadratic = dot(&self.direction(), product);
        let expected = self.numbers.pointer(&path("quadratic")).unwrap();
        let scale = dot(product, product).sqrt();
        let [found, expected] = [quadratic, expected.as_f64().unwrap()];
        self.close(name, &[found, scale], &[expected, scale]);
        let torch = self.model.parameters().to_torch(product);
        let indices = self.list(&path("indices"));
        let entries: Vec<f64> = indices.iter().map(|&k| torch[k as usize]).collect();
        self.close(name, &entries, &self.list(&path("entries")));
    }
}

pub fn pixels(count: usize, image: [usize; 3], compute: &Compute) -> Inputs {
    let features: usize = image.iter().product();
    let all = formula_pixels(count, features, 0.0);
    Inputs::Features(compute.matrix(&all, [count, features]))
}

fn words(count: usize, compute: &Compute) -> Inputs {
    let places = || (0..count * LENGTH).map(|k| (k / LENGTH, k % LENGTH));
    let ids: Vec<u32> = places()
        .map(|(n, j)| (1 + (3 * n + 5 * j) % (VOCABULARY - 1)) as u32)
        .collect();
    let segments: Vec<u8> = places().map(|(_, j)| u8::from(j >= LENGTH / 2)).collect();
    let lengths = (0..count).map(|n| 1 + (2 * n + 3) % LENGTH).collect();
    let words = Words::new(&ids, Some(&segments), lengths, LENGTH, compute);
    Inputs::Words(words)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[test]
fn every_network_has_pytorchs_loss_gradient_and_hessian_product() {
    check_all(Case::all());
}

#[test]
fn in_32_bits_too() {
    check_all(Case::all_on(DeviceKind::Flex, Precision::F32));
}

#[cfg(feature = "wgpu")]
#[test]
#[ignore = "needs a Vulkan device"]
fn and_on_wgpu() {
    check_all(Case::all_on(DeviceKind::Wgpu, Precision::F32));
}

pub fn check_all(cases: Vec<Case>) {
    for case in cases {
        let point = case.point();
        let names = case.numbers["names"].as_array().unwrap();
        let ours = case.model.parameters().iter().map(|p| p.name.as_str());
        assert!(
            ours.eq(names.iter().map(|name| name.as_str().unwrap())),
            "{}",
            case.name
        );
        case.number("loss", "/loss", point.score().loss);
        let norm = point.squared_gradient_norm().sqrt();
        case.number("gradient", "/gradient_norm", norm);

        let v = case.direction();
        case.product("hessian_product", &HessianOp(&point).apply(&v));
        case.product("gauss_newton_product", &GaussNewtonOp(&point).apply(&v));
        let curved = HessianOp(&point).quadratic(&v);
        case.number("vᵀHv", "/hessian_product/quadratic", curved);
        let traces = [0, 1].map(|kept| check_part(&case, &point, |place| place % 2 == kept));
        let of_parts = traces[0].iter().zip(&traces[1]);
        for ((even, odd), whole) in of_parts.zip(traces_of(&point)) {
            if let (Some(even), Some(odd), Some(whole)) = (even, odd, whole) {
                case.close("traces of two parts", &[even + odd], &[whole]);
            }
        }
    }
}

#[test]
fn running_statistics_are_pytorchs() {
    check_running(Case::all());
}

/// A tenth of each new batch, from means of 0 and variances of 1.
pub fn check_running(cases: Vec<Case>) {
    for case in cases {
        let layout = case.model.parameters();
        let parameters = layout.split(&case.theta, &case.compute);
        let network = case.network();
        let step = network.step(&parameters, &case.examples, 1.0);
        if !network.couples_examples() {
            assert!(step.statistics.is_empty(), "{}", case.name);
            continue;
        }
        let updated = Statistics::update(&step.statistics, &case.buffers);
        let expected = case.numbers["running"].as_array().unwrap();
        assert_eq!(updated.len(), expected.len());
        for (found, expected) in updated.into_iter().zip(expected) {
            let expected: Vec<f64> = serde_json::from_value(expected.clone()).unwrap();
            case.close("running statistics", &to_host(found), &expected);
        }
    }
}

/// Batches of 2 are normalised each by itself, the last of what is left alone.
#[test]
fn the_loss_of_coupled_examples_is_the_mean_over_fixed_batches() {
    for case in Case::all() {
        if !case.network().couples_examples() {
            continue;
        }
        let settings = PointSettings {
            batch_size: Some(2),
            kept_numbers: 0,
            ..PointSettings::default()
        };
        let point = Point::new(case.network(), &case.theta, &case.examples, settings);
        let v = case.direction();
        let (mut loss, mut product) = (0.0, vec![0.0; point.dim()]);
        let mut curvatures = Vec::new();
        for (first, count) in chunks(case.examples.len(), 2) {
            let part = case.examples.range(first, count);
            let settings = PointSettings::default();
            let batch = Point::new(case.network(), &case.theta, &part, settings);
            let share = count as f64 / case.examples.len() as f64;
            loss += share * batch.score().loss;
            let of_batch = HessianOp(&batch).apply(&v);
            if count == 2 {
                curvatures.push(dot(&v, &of_batch));
            }
            for (sum, x) in product.iter_mut().zip(of_batch) {
                *sum += share * x;
            }
        }
        case.close("loss", &[point.score().loss], &[loss]);
        case.close("Hv", &HessianOp(&point).apply(&v), &product);
        case.close("vᵀH_Bv", &point.batch_curvatures(&v, 2), &curvatures);
        assert!(point.curvatures(&v).is_err());
        assert!(point.hessian_trace().is_none());
        assert!(GradientCovarianceOp::of(&point).is_err());
    }
}

/// All three ways to cut four examples into two batches: their variances
/// between batches give s² of the examples exactly, on average.
#[test]
fn curvatures_of_batches_have_the_variance_that_single_ones_foretell() {
    let case = Case::all().into_iter().find(|case| case.name == "lstm");
    let case = case.unwrap();
    let v = case.direction();
    let of = |order: &[usize]| {
        let examples = case.examples.select(order);
        let settings = PointSettings::default();
        let point = Point::new(case.network(), &case.theta, &examples, settings);
        (
            Moments::of(&point.curvatures(&v).unwrap()).variance,
            Moments::of(&point.batch_curvatures(&v, 2)).variance * 2.0,
        )
    };
    let (single, _) = of(&[0, 1, 2, 3]);
    let cuts = [[0, 1, 2, 3], [0, 2, 1, 3], [0, 3, 1, 2]].map(|order| of(&order).1);
    let (size, all) = (2.0, 4.0);
    let mean = cuts.iter().sum::<f64>() / 3.0 * size * (all - 1.0) / all;
    case.close("s²", &[mean], &[single]);
}

#[test]
fn networks_of_independent_examples_have_pytorchs_gradients_and_curvatures_of_each() {
    for case in Case::all() {
        if case.network().couples_examples() {
            continue;
        }
        let point = case.point();
        let each = case.list("/squared_gradient_norms");
        let mean = each.iter().sum::<f64>() / each.len() as f64;
        case.close(
            "mean ‖g_i‖²",
            &[point.mean_squared_gradient_norm()],
            &[mean],
        );
        let curvatures = point.curvatures(&case.direction()).unwrap();
        case.close("vᵀH_i v", &curvatures, &case.list("/curvatures"));
    }
}
