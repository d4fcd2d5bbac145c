//! `breakeven simulate theorems`: Theorems 1 and 2, and what becomes of them
//! without one assumption.

use breakeven_sim::theorem::grid::Grid;
use breakeven_sim::theorem::scaling::{Doubled, doubled};
use breakeven_sim::theorem::statements::{Checked, Counterexample, Effort, check_all};
use breakeven_sim::{Model, Noise, Sampling};
use serde::Serialize;

use super::chart::{Axis, Chart, Line, Scale};
use super::model_args::named;
use super::output::{Answer, OutputArgs};
use super::range::{Counts, Reals};
use super::table::{Cell, Table, six_digits};
use crate::failure::{Failure, OrFail};

const EXAMPLES: &str = "\
Examples:
  breakeven simulate theorems
  breakeven simulate theorems --learning-rate 1e-3..1:12 --alpha 0.1,1 --boxes 100000 --json";

/// Options of `simulate theorems`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct TheoremsArgs {
    /// η of the grid, rising; default 0.003 to 1
    #[arg(long, value_name = "ETA", allow_hyphen_values = true)]
    learning_rate: Option<Reals>,
    /// S of the grid, rising; default 1 to 1000
    #[arg(long, value_name = "S", allow_hyphen_values = true)]
    batch_size: Option<Counts>,
    /// N of the grid
    #[arg(long, value_name = "N", default_value_t = 1000)]
    examples: usize,
    /// α of the grid; default 0.01,0.3,5
    #[arg(long, value_name = "A", allow_hyphen_values = true)]
    alpha: Option<Reals>,
    /// ψ₀ of the grid, at λ₀ = 1; default 0.1,1,10
    #[arg(long, value_name = "P", allow_hyphen_values = true)]
    psi0: Option<Reals>,
    /// k of the grid, 0 or more; default 0,0.3,1
    #[arg(long, value_name = "K", allow_hyphen_values = true)]
    psi_exponent: Option<Reals>,
    /// Boxes into which a statement's parameters are divided at most
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..))]
    boxes: u32,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Serialize)]
struct Statements<'a> {
    grid: &'a Grid,
    statements: &'a [Checked],
    /// What S much smaller than N is needed for.
    doubled: &'a [Doubled],
}

/// Runs the command.
pub fn run(args: &TheoremsArgs) -> Result<(), Failure> {
    let grid = args.grid()?;
    let effort = Effort {
        most_boxes: args.boxes as usize,
    };
    let statements = check_all(&grid, effort).map_err(named)?;
    let doubled = doubled(50_000, 1.0, 1.0).map_err(named)?;
    let json = Statements {
        grid: &grid,
        statements: &statements,
        doubled: &doubled,
    };
    args.output.give(&Answer {
        json: serde_json::to_string_pretty(&json).or_work()?,
        table: table(&statements),
        rows: None,
        chart: chart(&statements),
        summary: summary(&statements) + &scaling_in_words(&doubled),
    })
}

impl TheoremsArgs {
    fn grid(&self) -> Result<Grid, Failure> {
        let reals =
            |option: &Option<Reals>, default| option.clone().map_or(default, |reals| reals.0);
        let grid = Grid::default();
        let grid = Grid {
            learning_rates: reals(&self.learning_rate, grid.learning_rates),
            batch_sizes: self
                .batch_size
                .clone()
                .map_or(grid.batch_sizes, |counts| counts.0),
            examples: self.examples,
            alphas: reals(&self.alpha, grid.alphas),
            psi0s: reals(&self.psi0, grid.psi0s),
            exponents: reals(&self.psi_exponent, grid.exponents),
            ..grid
        };
        if !grid.learning_rates.is_sorted_by(|a, b| a < b) {
            return Err(Failure::input("--learning-rate must rise"));
        }
        if !grid.batch_sizes.is_sorted_by(|a, b| a < b) {
            return Err(Failure::input("--batch-size must rise"));
        }
        Ok(grid)
    }
}

fn summary(statements: &[Checked]) -> String {
    let mut text = String::new();
    for (number, checked) in (1..).zip(statements) {
        text += &format!("{number}. {}\n   Claim: {}.\n", checked.id, checked.claim);
        text += &format!("   Assumed: {}.\n", checked.assumptions);
        text += &format!("   {}\n", verdict(checked));
        if let Some(found) = &checked.counterexample {
            text += &format!("   Counterexample: {}.\n", in_words(found));
        }
    }
    text
}

fn scaling_in_words(rows: &[Doubled]) -> String {
    let mut text = "Small batches are needed for one thing: doubling eta and S together leaves \
                    eta*lambda_H at the break-even point as it is.\n"
        .to_owned();
    for row in rows {
        text += &format!(
            "   S {} to {} of {}: eta*lambda_H {} to {}\n",
            row.batch_size[0],
            row.batch_size[1],
            row.examples,
            six_digits(row.rate_times_lambda_h[0]),
            six_digits(row.rate_times_lambda_h[1]),
        );
    }
    text
}

fn verdict(checked: &Checked) -> String {
    let certificate = &checked.certificate;
    let share = |share: f64| six_digits(100.0 * share);
    let mut text = if certificate.is_proved() {
        "Proved over the whole box.".to_owned()
    } else {
        format!(
            "Of the box, proved on {} %, the opposite on {} %, undecided on {} %.",
            share(certificate.proved),
            share(certificate.violated),
            share(certificate.undecided)
        )
    };
    if let Some(tally) = checked.grid {
        text += &format!(" Grid: {} of {} pairs of runs", tally.hold, tally.compared);
        for (many, why) in [
            (tally.premise_not_met, "do not start as the theorem asks"),
            (tally.not_reached, "do not get there"),
        ] {
            if many > 0 {
                text += &format!(", {many} more {why}");
            }
        }
        text += ".";
    }
    text
}

fn in_words(found: &Counterexample) -> String {
    let pair = |pair: [f64; 2]| format!("{} to {}", six_digits(pair[0]), six_digits(pair[1]));
    let [before, after] = found.batch_size;
    let size = if before == after {
        before.to_string()
    } else {
        format!("{before} to {after}")
    };
    format!(
        "eta {}, S {size}, alpha {}, psi0 {}, k {}: lambda_H {}",
        pair(found.learning_rate),
        pair(found.alpha),
        six_digits(found.psi0),
        six_digits(found.psi_exponent),
        pair(found.lambda_h),
    )
}

fn table(statements: &[Checked]) -> Table {
    let columns = vec![
        "statement",
        "grid_hold",
        "grid_compared",
        "proved",
        "violated",
        "vacuous",
        "undecided",
        "boxes",
        "counterexample_before",
        "counterexample_after",
    ];
    let row = |checked: &Checked| -> Vec<Cell> {
        let (certificate, grid) = (&checked.certificate, checked.grid);
        let found = checked.counterexample.as_ref();
        vec![
            Cell::Text(checked.id.to_owned()),
            grid.map(|tally| tally.hold).into(),
            grid.map(|tally| tally.compared).into(),
            certificate.proved.into(),
            certificate.violated.into(),
            certificate.vacuous.into(),
            certificate.undecided.into(),
            certificate.boxes.into(),
            found.map(|found| found.lambda_h[0]).into(),
            found.map(|found| found.lambda_h[1]).into(),
        ]
    };
    Table {
        columns,
        rows: statements.iter().map(row).collect(),
    }
}

/// Both ends of the stable interval against η, where the distance rises with
/// the curvature: the lower one moves up, against the theorem.
fn chart(statements: &[Checked]) -> Chart {
    let found = statements
        .iter()
        .find(|checked| checked.id == "rising-distance-lower");
    let found = found.and_then(|checked| checked.counterexample.as_ref());
    let ends = |found: &Counterexample| -> Vec<(f64, [f64; 2])> {
        let rate = |i: usize| found.learning_rate[0] * 0.2 * 100f64.powf(i as f64 / 80.0);
        (0..=80)
            .filter_map(|i| Some((rate(i), interval(found, rate(i))?)))
            .collect()
    };
    let ends = found.map(ends).unwrap_or_default();
    let line = |name: &str, end: usize| Line {
        name: name.into(),
        points: ends.iter().map(|(rate, ends)| (*rate, ends[end])).collect(),
    };
    Chart {
        title: "Stable curvatures where the distance rises with the curvature".into(),
        x: Axis {
            label: "learning rate".into(),
            scale: Scale::Log,
        },
        y: Axis {
            label: "lambda_H".into(),
            scale: Scale::Log,
        },
        lines: vec![line("upper end", 1), line("lower end", 0)],
    }
}

fn interval(found: &Counterexample, learning_rate: f64) -> Option<[f64; 2]> {
    let noise = Noise::DistanceLaw {
        alpha: found.alpha[0],
        psi0: found.psi0,
        lambda0: found.lambda0,
        exponent: found.psi_exponent,
    };
    let sampling = Sampling::new(found.batch_size[0], found.examples).ok()?;
    Model::new(learning_rate, sampling, noise)
        .ok()?
        .stable_set()
        .interval()
}
