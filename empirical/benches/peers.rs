//! One task of `benches/peers.py` on weights and examples that it wrote:
//!
//!     cargo bench --workspace --bench peers -- TASK --model NAME --weights W --examples E
//!
//! TASK is `eigenvalue`, `searched` (the same with fresh directions), `density` or
//! `covariance`. Prints the seconds from data in memory to the answer, and the answer.

use std::path::Path;
use std::time::Instant;

use breakeven_allocator::{Allocator, keep_freed_memory};
use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
use breakeven_empirical::examples::{Examples, Inputs};
use breakeven_empirical::model::{Architecture, InputShape};
use breakeven_empirical::network::Network;
use breakeven_empirical::operator::{
    GradientCovarianceOp, HessianOp, LinearOperator, Point, PointSettings,
};
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::solver::{Lanczos, spectral_density};
use breakeven_empirical::weights::load_weights;
use safetensors::SafeTensors;
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

const CLASSES: usize = 10;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    keep_freed_memory();
    // Cargo adds a flag of its own.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|w| w != "--bench")
        .collect();
    let task = words.first().ok_or("give a task")?.clone();
    let option = |name: &str| -> Result<&str, String> {
        let place = words.iter().position(|word| word == name);
        let value = place.and_then(|place| words.get(place + 1));
        Ok(value.ok_or_else(|| format!("{name} is missing"))?)
    };
    let number = |name: &str| -> Result<usize, Failure> { Ok(option(name)?.parse()?) };

    let name = option("--model")?;
    let shape = match name {
        "mlp" => InputShape::Image([1, 28, 28]),
        _ => InputShape::Image([3, 32, 32]),
    };
    let architecture: Architecture = serde_json::from_value(json!({ "name": name }))?;
    let model = architecture.build(shape, CLASSES)?;
    let compute = Compute::new(DeviceKind::Flex, Precision::F32)?;
    let theta = load_weights(Path::new(option("--weights")?), model.parameters())?.theta;
    let bytes = std::fs::read(option("--examples")?)?;
    let examples = examples(&bytes, &compute)?;

    let pool = rayon::ThreadPoolBuilder::new().num_threads(number("--threads")?);
    let answer = pool.build()?.install(|| -> Result<Value, Failure> {
        let started = Instant::now();
        let settings = PointSettings {
            kept_numbers: usize::MAX,
            ..PointSettings::default()
        };
        let settings = settings.for_parameters(theta.len());
        let network = Network::new(&*model, &compute);
        let point = Point::new(network, &theta, &examples, settings);
        let mut answer = match task.as_str() {
            "eigenvalue" => largest(&HessianOp(&point), false),
            "searched" => largest(&HessianOp(&point), true),
            "covariance" => largest(&GradientCovarianceOp::of(&point)?, false),
            "density" => {
                let (probes, steps) = (number("--probes")?, number("--steps")?);
                let mut rng = stream(0, Purpose::Probes, 0);
                let found = spectral_density(&HessianOp(&point), probes, steps, &mut rng);
                json!({ "density": found.ok_or("a product is not finite")? })
            }
            other => return Err(format!("{other} is no task").into()),
        };
        answer["seconds"] = started.elapsed().as_secs_f64().into();
        Ok(answer)
    });
    println!("{}", answer?);
    Ok(())
}

fn largest(operator: &impl LinearOperator, fresh_directions: bool) -> Value {
    let lanczos = Lanczos {
        fresh_directions,
        ..Lanczos::new(1, 1e-3)
    };
    let found = lanczos.solve(operator, &[], &mut stream(0, Purpose::Start, 0));
    let top = &found.pairs[0];
    json!({ "value": top.value, "error_bound": top.error_bound, "products": found.products })
}

fn examples(bytes: &[u8], compute: &Compute) -> Result<Examples, Failure> {
    let file = SafeTensors::deserialize(bytes)?;
    let (images, labels) = (file.tensor("images")?, file.tensor("labels")?);
    let (numbers, _) = images.data().as_chunks::<4>();
    let numbers = numbers.iter().map(|x| f32::from_le_bytes(*x)).collect();
    let (labels, _) = labels.data().as_chunks::<8>();
    let labels: Vec<usize> = labels
        .iter()
        .map(|x| i64::from_le_bytes(*x) as usize)
        .collect();
    let &[count, features] = images.shape() else {
        return Err("images are to be [n, features]".into());
    };
    let inputs = Inputs::Features(compute.matrix_f32(numbers, [count, features]));
    Ok(Examples::of(inputs, &labels, CLASSES, compute))
}
