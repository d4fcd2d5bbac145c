//! `breakeven simulate theorems`: Theorems 1 and 2, and what becomes of them
//! without one assumption.

use breakeven_sim::meter::Meter;
use breakeven_sim::theorem::grid::{Grid, Tally};
use breakeven_sim::theorem::scaling::{Doubled, doubled};
use breakeven_sim::theorem::statements::{Checked, Counterexample, Effort, check_all_watched};
use breakeven_sim::{Model, Noise, Sampling};
use serde::Serialize;

use super::chart::{Axis, Chart, Line, Scale};
use super::model_args::named;
use super::output::{Answer, OutputArgs};
use super::range::{Counts, Reals, count};
use super::table::{Cell, Table, six_digits};
use crate::failure::{Failure, OrFail};
use crate::progress::watched;

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
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = count)]
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
    let check = |meter: &Meter| check_all_watched(&grid, effort, meter);
    let statements = watched("simulate theorems", check).map_err(named)?;
    let doubled = doubled(50_000, 1.0, 1.0).map_err(named)?;
    let json = Statements {
        grid: &grid,
        statements: &statements,
        doubled: &doubled,
    };
    args.output.give(&Answer {
        json: serde_json::to_string_pretty(&json).or_work()?,
        table: table(&statements, |&(name, _)| !DETAILS.contains(&name)),
        rows: Some(table(&statements, |_| true)),
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
        let mut parts = vec![
            format!("proved on {} %", share(certificate.proved)),
            format!("the opposite on {} %", share(certificate.violated)),
            format!("undecided on {} %", share(certificate.undecided)),
        ];
        if certificate.vacuous > 0.0 {
            parts.push(format!("no such end on {} %", share(certificate.vacuous)));
        }
        format!("Of the box, {}.", parts.join(", "))
    };
    if let Some(tally) = checked.grid {
        text += &format!(" Grid: {}.", pairs(tally));
    }
    text
}

/// All pairs of the grid: those compared, and those that could not be.
fn pairs(tally: Tally) -> String {
    let mut text = format!("{} of {} pairs of runs", tally.hold, tally.compared);
    if tally.not_reached > 0 {
        text += &format!("; in {} more a run does not get there", tally.not_reached);
    }
    if tally.premise_not_met > 0 {
        text += &format!(
            "; {} more do not start as the theorem demands",
            tally.premise_not_met
        );
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

/// A column and what it says of a statement.
type Column = (&'static str, fn(&Checked) -> Cell);

const COLUMNS: [Column; 12] = [
    ("statement", |checked| Cell::Text(checked.id.to_owned())),
    ("grid_hold", |checked| {
        checked.grid.map(|tally| tally.hold).into()
    }),
    ("grid_compared", |checked| {
        checked.grid.map(|tally| tally.compared).into()
    }),
    ("grid_not_reached", |checked| {
        checked.grid.map(|tally| tally.not_reached).into()
    }),
    ("grid_premise_not_met", |checked| {
        checked.grid.map(|tally| tally.premise_not_met).into()
    }),
    ("proved", |checked| checked.certificate.proved.into()),
    ("violated", |checked| checked.certificate.violated.into()),
    ("vacuous", |checked| checked.certificate.vacuous.into()),
    ("undecided", |checked| checked.certificate.undecided.into()),
    ("boxes", |checked| checked.certificate.boxes.into()),
    ("counterexample_before", |checked| found(checked, 0)),
    ("counterexample_after", |checked| found(checked, 1)),
];

/// Columns that people find in the sentences instead.
const DETAILS: [&str; 3] = ["grid_not_reached", "grid_premise_not_met", "vacuous"];

fn found(checked: &Checked, run: usize) -> Cell {
    let found = checked.counterexample.as_ref();
    found.map(|found| found.lambda_h[run]).into()
}

fn table(statements: &[Checked], shown: impl Fn(&Column) -> bool) -> Table {
    let columns: Vec<Column> = COLUMNS.into_iter().filter(shown).collect();
    let row = |checked| columns.iter().map(|(_, cell)| cell(checked)).collect();
    Table {
        rows: statements.iter().map(row).collect(),
        columns: columns.iter().map(|&(name, _)| name).collect(),
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
