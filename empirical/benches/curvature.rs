//! Times of training steps, gradients and products with H and K, on one
//! thread, as runs of a sweep have it. `benches/pytorch_steps.py` times the
//! same in PyTorch.
//!
//! A gradient is that of the mean loss over the examples, joined to one
//! vector on the host, as a product is. What is compared takes turns, so that
//! other load on the machine meets all alike; the ratio is that of medians.

use std::hint::black_box;
use std::time::Instant;

use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
use breakeven_empirical::examples::Examples;
use breakeven_empirical::layers::Normalisation;
use breakeven_empirical::model::{Architecture, glorot};
use breakeven_empirical::network::{Loss, Network};
use breakeven_empirical::operator::{
    GradientCovarianceOp, HessianOp, LinearOperator, Point, PointSettings,
};
use breakeven_empirical::random::{Purpose, stream};
use rand::Rng;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The network, the batch of a step, the examples of a gradient and rounds.
struct Setting {
    name: &'static str,
    architecture: Architecture,
    image: [usize; 3],
    batch: usize,
    examples: usize,
    rounds: usize,
}

const CLASSES: usize = 10;

fn main() {
    let settings = [
        Setting {
            name: "MLP 784-300-100-10",
            architecture: Architecture::Mlp {
                hidden: vec![300, 100],
            },
            image: [1, 28, 28],
            batch: 64,
            examples: 1000,
            rounds: 100,
        },
        Setting {
            name: "SimpleCNN 3x32x32",
            architecture: Architecture::SimpleCnn {
                first: 32,
                second: 64,
                dense: 128,
            },
            image: [3, 32, 32],
            batch: 128,
            examples: 256,
            rounds: 7,
        },
    ];
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a thread can be started")
        .install(|| {
            settings.iter().for_each(measure);
        });
}

fn measure(setting: &Setting) {
    let compute = Compute::new(DeviceKind::Flex, Precision::F32).expect("flex is always built");
    let model = setting
        .architecture
        .build(setting.image, CLASSES)
        .expect("the settings' sizes fit");
    let network = Network {
        model: &*model,
        compute: &compute,
        loss: Loss::CrossEntropy,
        normalisation: Normalisation::Batch,
    };
    let layout = model.parameters();
    let theta = glorot(layout, &mut stream(0, Purpose::Init, 0));
    let examples = random_examples(setting, setting.examples, &compute);
    let batch = random_examples(setting, setting.batch, &compute);
    let direction: Vec<f64> = {
        let mut rng = stream(0, Purpose::Probes, 0);
        (0..layout.dim())
            .map(|_| rng.random_range(-1.0..1.0))
            .collect()
    };
    let point = |kept_numbers| {
        let settings = PointSettings {
            kept_numbers,
            ..PointSettings::default()
        };
        Point::new(network, &theta, &examples, settings)
    };
    let (kept, rebuilt) = (point(usize::MAX), point(0));
    let parameters = layout.split(&theta, &compute);
    let mut trained = parameters.clone();

    println!("\n{}, D = {}", setting.name, layout.dim());
    let mut step = || {
        let gradient = network.gradient(&trained, &batch);
        for (parameter, g) in trained.iter_mut().zip(gradient) {
            parameter.inplace(|p| p - g.mul_scalar(0.01));
        }
    };
    let title = format!("training step, batch {}", setting.batch);
    report(take_turns(2 * setting.rounds, vec![(&title, &mut step)]));

    println!("{} examples", setting.examples);
    let times = take_turns(
        setting.rounds,
        vec![
            ("gradient", &mut || {
                black_box(layout.join(network.gradient(&parameters, &examples)));
            }),
            ("product with H, values kept", &mut || {
                black_box(HessianOp(&kept).apply(&direction));
            }),
            ("product with H, values not kept", &mut || {
                black_box(HessianOp(&rebuilt).apply(&direction));
            }),
            ("product with per-example K, values kept", &mut || {
                black_box(GradientCovarianceOp::of(&kept).unwrap().apply(&direction));
            }),
            ("curvature of every example, values kept", &mut || {
                black_box(kept.curvatures(&direction).unwrap());
            }),
        ],
    );
    report(times);
}

fn random_examples(setting: &Setting, count: usize, compute: &Compute) -> Examples {
    let mut rng = stream(0, Purpose::Batches, 0);
    let features = setting.image.iter().product();
    let pixels = (0..count * features).map(|_| rng.random()).collect();
    let labels: Vec<u8> = (0..count)
        .map(|_| rng.random_range(0..CLASSES as u8))
        .collect();
    let pixels = compute.matrix_f32(pixels, [count, features]);
    Examples::new(pixels, &labels, CLASSES, compute)
}

/// Milliseconds of one case, shortest first.
struct Times<'a>(&'a str, Vec<f64>);

const WARM_UP: usize = 2;

/// Calls every case in turn, after rounds of warm-up.
fn take_turns<'a>(rounds: usize, mut cases: Vec<(&'a str, &mut dyn FnMut())>) -> Vec<Times<'a>> {
    let mut times: Vec<Times> = cases.iter().map(|(name, _)| Times(name, vec![])).collect();
    for round in 0..WARM_UP + rounds {
        for ((_, case), Times(_, times)) in cases.iter_mut().zip(&mut times) {
            let started = Instant::now();
            case();
            if round >= WARM_UP {
                times.push(1e3 * started.elapsed().as_secs_f64());
            }
        }
    }
    for Times(_, times) in &mut times {
        times.sort_by(f64::total_cmp);
    }
    times
}

/// A row a case; ratios are to the first.
fn report(times: Vec<Times>) {
    let median = |times: &[f64]| times[times.len() / 2];
    let first = median(&times[0].1);
    println!(
        "{:<44}{:>12}{:>12}{:>8}",
        "", "median, ms", "least, ms", "ratio"
    );
    for Times(name, times) in &times {
        let ratio = median(times) / first;
        println!(
            "{name:<44}{:>12.2}{:>12.2}{ratio:>8.2}",
            median(times),
            times[0]
        );
    }
}
