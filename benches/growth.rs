//! What measuring costs as the work grows: seconds and peak memory against the number of
//! parameters, examples, probes of a density, and eigenvalues.
//!
//!     cargo bench --bench growth -- [--out DIR]
//!
//! Each point is a process of its own (`--point AXIS SIZE`), in 32 bits on all threads, on
//! an MLP 784-h-h-10 with random weights and images. Prints a table with the exponent of
//! each: the slope of log cost over log size by least squares over all points, with its
//! standard error. With `--out` the figures and their numbers go to DIR.

mod common;

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use breakeven_allocator::{Allocator, keep_freed_memory};
use breakeven_empirical::compute::{Compute, DeviceKind, Precision};
use breakeven_empirical::examples::{Examples, Inputs};
use breakeven_empirical::model::{Architecture, InputShape, glorot};
use breakeven_empirical::network::Network;
use breakeven_empirical::operator::{HessianOp, LinearOperator, Point, PointSettings};
use breakeven_empirical::random::{Purpose, stream};
use breakeven_empirical::solver::{Lanczos, spectral_density};
use breakeven_plot::{Axis, Curve, Figure, Scale, Size, Ticks, Weight};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const FEATURES: usize = 784;
const CLASSES: usize = 10;
/// Of the axes that leave them as they are: 294,535 parameters.
const HIDDEN: usize = 275;
const EXAMPLES: usize = 256;
/// Products of each probe of a density.
const STEPS: usize = 20;
/// The time of a product is the shortest of so many.
const ROUNDS: usize = 5;

/// What grows, and the sizes it is measured at.
const AXES: [(&str, &str, &[usize]); 4] = [
    (
        "parameters",
        "a product with H",
        &[10_000, 100_000, 1_000_000, 10_000_000, 30_000_000],
    ),
    (
        "examples",
        "a product with H",
        &[100, 1_000, 10_000, 100_000],
    ),
    ("probes", "a density of H", &[1, 4, 16, 64]),
    ("eigenvalues", "the largest of H to 1e-3", &[1, 4, 16, 64]),
];

fn main() -> Result<(), Failure> {
    keep_freed_memory();
    let words = common::words();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => compare(None),
        ["--out", folder] => compare(Some(Path::new(folder))),
        ["--point", axis, size] => {
            println!("{}", point(axis, size.parse()?)?);
            Ok(())
        }
        _ => Err("arguments are [--out DIR]".into()),
    }
}

/// Seconds and memory of one point, and the size that it really has.
fn point(axis: &str, size: usize) -> Result<Value, Failure> {
    let hidden = if axis == "parameters" {
        hidden_for(size)
    } else {
        HIDDEN
    };
    let count = if axis == "examples" { size } else { EXAMPLES };
    let compute = Compute::new(DeviceKind::Flex, Precision::F32)?;
    let architecture: Architecture =
        serde_json::from_value(json!({ "name": "mlp", "hidden": [hidden, hidden] }))?;
    let model = architecture.build(InputShape::Image([1, 28, 28]), CLASSES)?;
    let theta = glorot(model.parameters(), &mut stream(0, Purpose::Init, 0));
    let examples = examples(count, &compute);
    let before = memory("VmRSS:")?;

    let network = Network::new(&*model, &compute);
    let settings = PointSettings::default().for_parameters(theta.len());
    let point = Point::new(network, &theta, &examples, settings);
    let h = HessianOp(&point);
    let (seconds, products) = match axis {
        "probes" => timed(|| {
            let mut rng = stream(0, Purpose::Probes, 0);
            spectral_density(&h, size, STEPS, &mut rng).expect("products are finite");
            size * STEPS
        }),
        "eigenvalues" => timed(|| {
            let lanczos = Lanczos {
                fresh_directions: true,
                ..Lanczos::new(size, 1e-3)
            };
            lanczos
                .solve(&h, &[], &mut stream(0, Purpose::Start, 0))
                .products
        }),
        _ => {
            let v = vec![(theta.len() as f64).sqrt().recip(); theta.len()];
            let rounds = (0..ROUNDS).map(|_| timed(|| h.apply(&v).len()).0);
            (rounds.fold(f64::INFINITY, f64::min), 1)
        }
    };
    let size = if axis == "parameters" {
        theta.len()
    } else {
        size
    };
    Ok(json!({
        "axis": axis, "size": size, "seconds": seconds, "products": products,
        "before_mb": before, "peak_mb": memory("VmHWM:")?,
    }))
}

fn timed(work: impl FnOnce() -> usize) -> (f64, usize) {
    let started = Instant::now();
    let count = work();
    (started.elapsed().as_secs_f64(), count)
}

/// The h of an MLP 784-h-h-10 with about so many parameters: h² + 796 h + 10.
fn hidden_for(parameters: usize) -> usize {
    let half = 796.0 / 2.0;
    ((half * half + parameters as f64 - 10.0).sqrt() - half).round() as usize
}

fn examples(count: usize, compute: &Compute) -> Examples {
    let golden = 0.618_034_f32;
    let numbers = (0..count * FEATURES)
        .map(|i| (i as f32 * golden).fract())
        .collect();
    let labels: Vec<usize> = (0..count).map(|i| i * 7 % CLASSES).collect();
    let inputs = Inputs::Features(compute.matrix_f32(numbers, [count, FEATURES]));
    Examples::of(inputs, &labels, CLASSES, compute)
}

/// A line of what Linux says of this process, in MB.
fn memory(name: &str) -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    common::memory(&status, name).ok_or_else(|| "no memory in /proc/self/status".into())
}

/// All points of an axis.
struct Growth {
    axis: &'static str,
    what: &'static str,
    sizes: Vec<f64>,
    seconds: Vec<f64>,
    /// Beside weights and examples, MB.
    own: Vec<f64>,
    peaks: Vec<f64>,
}

fn compare(folder: Option<&Path>) -> Result<(), Failure> {
    let mut all = Vec::new();
    println!("| what grows | size | seconds | products | peak, MB | before, MB |");
    println!("|---|---|---|---|---|---|");
    for (axis, what, sizes) in AXES {
        let mut growth = Growth {
            axis,
            what,
            sizes: Vec::new(),
            seconds: Vec::new(),
            own: Vec::new(),
            peaks: Vec::new(),
        };
        for size in sizes {
            let found = in_process(axis, *size)?;
            let number = |name: &str| found[name].as_f64().expect("it is a number");
            println!(
                "| {axis} | {} | {:.3e} | {} | {:.0} | {:.0} |",
                found["size"],
                number("seconds"),
                found["products"],
                number("peak_mb"),
                number("before_mb"),
            );
            growth.sizes.push(number("size"));
            growth.seconds.push(number("seconds"));
            growth.peaks.push(number("peak_mb"));
            growth.own.push(number("peak_mb") - number("before_mb"));
        }
        all.push(growth);
    }
    println!(
        "\n| what grows | time of | exponent of the time | of the memory beside weights and examples |"
    );
    println!("|---|---|---|---|");
    for growth in &all {
        let exponent = |costs| {
            let [slope, error] = slope(&growth.sizes, costs);
            format!("{slope:.2} ± {error:.2}")
        };
        println!(
            "| {} | {} | {} | {} |",
            growth.axis,
            growth.what,
            exponent(&growth.seconds),
            exponent(&growth.own),
        );
    }
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder)?;
        for file in figure("growth-time", "seconds", &all, |g| &g.seconds).write(folder)? {
            println!("{}", file.display());
        }
        for file in figure("growth-memory", "peak memory, MB", &all, |g| &g.peaks).write(folder)? {
            println!("{}", file.display());
        }
    }
    Ok(())
}

fn in_process(axis: &str, size: usize) -> Result<Value, Failure> {
    let output = Command::new(std::env::current_exe()?)
        .args(["--point", axis, &size.to_string()])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The slope of log y over log x by least squares, and its standard error.
fn slope(x: &[f64], y: &[f64]) -> [f64; 2] {
    let n = x.len() as f64;
    let logs = |values: &[f64]| -> Vec<f64> { values.iter().map(|v| v.ln()).collect() };
    let (x, y) = (logs(x), logs(y));
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
    let (mx, my) = (mean(&x), mean(&y));
    let sxx: f64 = x.iter().map(|x| (x - mx).powi(2)).sum();
    let sxy: f64 = x.iter().zip(&y).map(|(x, y)| (x - mx) * (y - my)).sum();
    let slope = sxy / sxx;
    let residuals = x.iter().zip(&y).map(|(x, y)| y - my - slope * (x - mx));
    let squares: f64 = residuals.map(|r| r * r).sum();
    [slope, (squares / (n - 2.0) / sxx).sqrt()]
}

/// Costs over sizes as multiples of each axis's smallest, both on log axes.
fn figure(id: &str, title: &str, all: &[Growth], costs: impl Fn(&Growth) -> &Vec<f64>) -> Figure {
    let curves: Vec<Curve> = all
        .iter()
        .enumerate()
        .map(|(look, growth)| Curve {
            label: Some(growth.axis.to_owned()),
            points: growth
                .sizes
                .iter()
                .map(|size| size / growth.sizes[0])
                .zip(costs(growth).iter().copied())
                .collect(),
            look,
            weight: Weight::Marked,
            marks: Vec::new(),
        })
        .collect();
    let axis = |label: &str, part: fn(&(f64, f64)) -> f64| Axis {
        label: label.to_owned(),
        scale: Scale::log_around(curves.iter().flat_map(|c| c.points.iter().map(part))),
        ticks: Ticks::Round,
    };
    Figure {
        id: id.to_owned(),
        title: title.to_owned(),
        description: format!(
            "{title} against the number of parameters, examples, probes and eigenvalues, each \
             as a multiple of the smallest, on log axes."
        ),
        x: axis("size over the smallest", |p| p.0),
        y: axis(title, |p| p.1),
        curves,
        guides: Vec::new(),
        ground: None,
        size: Size::Wide,
    }
}
