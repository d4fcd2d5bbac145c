//! Times and memory of every network: training steps, gradients, products with
//! H and K. `benches/networks.py` runs this and the same in PyTorch.
//!
//!     cargo bench --workspace --bench networks -- [--threads T] [--json] [--steps N] [NAME...]
//!
//! `--steps N` takes N training steps of each and nothing else, for a profiler.
//!
//! A gradient is that of the mean loss over the examples, joined to one
//! vector on the host, as a product is. What is compared takes turns, so that
//! other load on the machine meets all alike; figures are medians. Inputs are
//! random: no time here depends on their values. Peak memory is the whole
//! process's, so that it means something where one network is named.

use std::hint::black_box;
use std::time::Instant;

use breakeven_allocator::{Allocator, keep_freed_memory};
use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
use breakeven_empirical::examples::{Examples, Inputs, Words};
use breakeven_empirical::layers::Normalisation;
use breakeven_empirical::model::{Architecture, InputShape, glorot};
use breakeven_empirical::network::{Loss, Network};
use breakeven_empirical::operator::{
    GradientCovarianceOp, HessianOp, LinearOperator, Point, PointSettings,
};
use breakeven_empirical::random::{Purpose, stream};
use rand::Rng;
use serde_json::json;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// A network, the batch of a step, the examples of a gradient and rounds.
struct Setting {
    name: &'static str,
    /// As in a configuration's `[model]`, where the paper's sizes are not meant.
    architecture: serde_json::Value,
    inputs: InputShape,
    classes: usize,
    batch: usize,
    examples: usize,
    rounds: usize,
}

fn settings() -> [Setting; 7] {
    let image = |size| InputShape::Image([3, size, size]);
    let text = |vocabulary, length| InputShape::Text { vocabulary, length };
    let setting = |architecture: serde_json::Value,
                   inputs,
                   [classes, batch, examples, rounds]: [usize; 4]| {
        let name = architecture["name"].as_str().expect("it has a name");
        Setting {
            name: NAMES.iter().find(|&&n| n == name).expect("it is listed"),
            architecture,
            inputs,
            classes,
            batch,
            examples,
            rounds,
        }
    };
    let mnist = InputShape::Image([1, 28, 28]);
    let bert = json!({
        "name": "bert", "hidden_size": 512, "num_hidden_layers": 4,
        "num_attention_heads": 8, "intermediate_size": 2048,
    });
    [
        setting(json!({"name": "mlp"}), mnist, [10, 64, 1000, 100]),
        setting(json!({"name": "simple_cnn"}), image(32), [10, 128, 256, 7]),
        setting(
            json!({"name": "simple_cnn_bn"}),
            image(32),
            [10, 128, 128, 7],
        ),
        setting(json!({"name": "resnet"}), image(32), [10, 128, 128, 5]),
        setting(json!({"name": "densenet"}), image(64), [200, 16, 16, 5]),
        setting(json!({"name": "lstm"}), text(20_000, 80), [2, 32, 64, 7]),
        setting(bert, text(30_522, 40), [3, 16, 16, 5]),
    ]
}

const NAMES: [&str; 7] = [
    "mlp",
    "simple_cnn",
    "simple_cnn_bn",
    "resnet",
    "densenet",
    "lstm",
    "bert",
];

fn main() {
    keep_freed_memory();
    let mut asked: Vec<String> = std::env::args().skip(1).collect();
    // Cargo adds a flag of its own.
    asked.retain(|word| word != "--bench");
    let json = take_flag(&mut asked, "--json");
    let threads = take_number(&mut asked, "--threads").unwrap_or(1);
    let steps = take_number(&mut asked, "--steps");
    for name in &asked {
        assert!(NAMES.contains(&name.as_str()), "networks are {NAMES:?}");
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("threads can be started").install(|| {
        for setting in settings() {
            if asked.is_empty() || asked.iter().any(|name| name == setting.name) {
                measure(&setting, steps, json);
            }
        }
    });
}

fn take_flag(words: &mut Vec<String>, flag: &str) -> bool {
    let before = words.len();
    words.retain(|word| word != flag);
    words.len() < before
}

fn take_number(words: &mut Vec<String>, flag: &str) -> Option<usize> {
    let at = words.iter().position(|word| word == flag)?;
    let number = words.get(at + 1).and_then(|word| word.parse().ok());
    words.drain(at..(at + 2).min(words.len()));
    Some(number.unwrap_or_else(|| panic!("{flag} takes a number")))
}

fn measure(setting: &Setting, steps_alone: Option<usize>, json: bool) {
    let compute = Compute::new(DeviceKind::Flex, Precision::F32).expect("flex is always built");
    let architecture: Architecture =
        serde_json::from_value(setting.architecture.clone()).expect("the settings are complete");
    let model = architecture
        .build(setting.inputs, setting.classes)
        .expect("the settings' sizes fit");
    let network = Network {
        lanes: None,
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
        let settings = settings.for_parameters(theta.len());
        Point::new(network, &theta, &examples, settings)
    };
    let parameters = layout.split(&theta, &compute);
    let mut trained = parameters.clone();

    let mut step = || {
        let gradient = network.gradient(&trained, &batch);
        for (parameter, g) in trained.iter_mut().zip(gradient) {
            parameter.inplace(|p| p - g.mul_scalar(0.01));
        }
    };
    let rounds = steps_alone.unwrap_or(2 * setting.rounds);
    let steps = take_turns(rounds, vec![("step", &mut step)]);
    if steps_alone.is_some() {
        return report(&steps);
    }
    let trained_in = peak_memory();

    let (kept, rebuilt) = (point(usize::MAX), point(0));
    let mut gradient = || {
        black_box(layout.join(network.gradient(&parameters, &examples)));
    };
    let mut product_kept = || {
        black_box(HessianOp(&kept).apply(&direction));
    };
    let mut product_rebuilt = || {
        black_box(HessianOp(&rebuilt).apply(&direction));
    };
    let mut covariance = || {
        let k = GradientCovarianceOp::of(&kept).expect("examples are independent");
        black_box(k.apply(&direction));
    };
    let mut curvatures = || {
        black_box(kept.curvatures(&direction).expect("they are independent"));
    };
    let mut cases: Vec<(&str, &mut dyn FnMut())> = vec![
        ("gradient", &mut gradient),
        ("product_kept", &mut product_kept),
        ("product_rebuilt", &mut product_rebuilt),
    ];
    if kept.independent_examples().is_ok() {
        cases.push(("product_with_k", &mut covariance));
        cases.push(("curvatures", &mut curvatures));
    }
    let times = take_turns(setting.rounds, cases);
    if json {
        let figures: serde_json::Map<_, _> = steps
            .iter()
            .chain(&times)
            .map(|times| (times.0.to_owned(), times.median().into()))
            .collect();
        let all = json!({
            "network": setting.name, "parameters": layout.dim(), "batch": setting.batch,
            "examples": setting.examples, "milliseconds": figures,
            "step_peak_mb": trained_in, "peak_mb": peak_memory(),
        });
        println!("{all}");
    } else {
        println!(
            "\n{}, D = {}; steps of {}, the rest of {} examples",
            setting.name,
            layout.dim(),
            setting.batch,
            setting.examples
        );
        report(&steps);
        report(&times);
    }
}

fn random_examples(setting: &Setting, count: usize, compute: &Compute) -> Examples {
    let mut rng = stream(0, Purpose::Batches, 0);
    let inputs = match setting.inputs {
        InputShape::Image(shape) => {
            let features = shape.iter().product();
            let pixels = (0..count * features).map(|_| rng.random()).collect();
            Inputs::Features(compute.matrix_f32(pixels, [count, features]))
        }
        InputShape::Text { vocabulary, length } => {
            let ids: Vec<u32> = (0..count * length)
                .map(|_| rng.random_range(1..vocabulary as u32))
                .collect();
            let lengths = vec![length; count];
            Inputs::Words(Words::new(&ids, None, lengths, length, compute))
        }
    };
    let labels: Vec<usize> = (0..count)
        .map(|_| rng.random_range(0..setting.classes))
        .collect();
    Examples::of(inputs, &labels, setting.classes, compute)
}

/// The most memory that the process has had, in MB, where Linux tells it.
fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024.0 / 1e6)
}

/// Milliseconds of one case, shortest first.
struct Times<'a>(&'a str, Vec<f64>);

impl Times<'_> {
    fn median(&self) -> f64 {
        self.1[self.1.len() / 2]
    }
}

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
fn report(times: &[Times]) {
    println!(
        "{:<24}{:>12}{:>12}{:>8}",
        "", "median, ms", "least, ms", "ratio"
    );
    for row in times {
        let ratio = row.median() / times[0].median();
        println!(
            "{:<24}{:>12.2}{:>12.2}{ratio:>8.2}",
            row.0,
            row.median(),
            row.1[0]
        );
    }
}
