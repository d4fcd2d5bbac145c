//! `breakeven reproduce`: the paper's figures, from training to pictures.

mod list;
mod scale;
mod seeds;
mod thresholds;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use breakeven_sim::meter::Parts;
use breakeven_sim::record::{PREDICTIONS_FILE, RUNS_FOLDER};
use breakeven_verify::paper::{
    Aids, Context, Experiment, FigurePage, FigureSpec, OVERVIEW_FILE, Paper, Predicted,
    folder_name, paper, write, write_overview,
};
use breakeven_verify::{Sweep, read_predictions, read_sweep};
use serde_json::{Value, json};

use crate::config::Config;
use crate::failure::{Failure, OrFail};
use crate::progress::watched;
use crate::streams::{print, print_json, say};
use crate::sweep::{SweepArgs, carry_out, check_fits, claim, stop_on_interrupt};
use crate::version::{command_line, version};
use scale::Scale;
use seeds::{Seeds, minutes, parts};
use thresholds::{of_tables, thresholds};

pub const EXAMPLES: &str = "\
Examples:
  breakeven reproduce list
  breakeven reproduce 4 --scale smoke --out figures
  breakeven reproduce 5 --scale smoke --out figures --resume
  breakeven reproduce all --scale laptop --out laptop --data-dir data --smooth 3";

/// The folder of the sweeps, in that of the figures.
const RUNS: &str = "runs";

/// Remakes the paper's figures: trains what they show, draws each panel, and
/// puts the paper's printed values beside ours.
///
/// DIR/figure-04/ holds a page, and SVG, PNG and CSV of each panel;
/// DIR/index.html links all figures; DIR/runs/ holds the sweeps, which figures
/// share, also over several calls with --resume. Folders with pretrained weights
/// are looked for in --data-dir, else in the current folder.
#[derive(Debug, clap::Args)]
pub struct ReproduceArgs {
    /// Numbers of figures; `all`; `thresholds`, predicted and observed
    /// break-even points of all runs that are there, or of --from, which trains
    /// nothing; or `list`, which says what each shows and how long it takes.
    #[arg(required = true, value_name = "FIGURE")]
    figures: Vec<Asked>,
    /// How large the experiments are carried out.
    #[arg(long, value_enum, default_value_t = Scale::Laptop)]
    scale: Scale,
    /// Seeds of each experiment, counted from its first: a number, or `all`.
    /// Default: all; at scale laptop, where a figure would take longer with
    /// them, as many as end it in under half an hour.
    #[arg(long, value_name = "N")]
    seeds: Option<Seeds>,
    /// Folder for runs and figures; refused if it holds something, unless
    /// --resume.
    #[arg(long, value_name = "DIR", default_value = "breakeven-figures")]
    out: PathBuf,
    /// A table of break-even points (`export --what thresholds --format csv`) for
    /// `thresholds`, in place of runs; may be given several times.
    #[arg(long, value_name = "TABLE")]
    from: Vec<PathBuf>,
    /// Reading aid: draw centred moving averages over N records.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    smooth: u16,
    /// Reading aid: a logarithmic axis; may be given twice.
    #[arg(long, value_name = "AXIS", value_enum)]
    log: Vec<Axis>,
    /// Reading aid: mark every record of a mean.
    #[arg(long)]
    markers: bool,
    #[command(flatten)]
    sweep: SweepArgs,
    /// Print what was drawn, and the values, as JSON.
    #[arg(long)]
    json: bool,
}

/// An axis that may be logarithmic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Axis {
    X,
    Y,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    List,
    All,
    Thresholds,
    Figure(u32),
}

impl std::str::FromStr for Asked {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "list" => Ok(Self::List),
            "all" => Ok(Self::All),
            "thresholds" => Ok(Self::Thresholds),
            _ => {
                let number = text.parse().ok();
                let known = number.filter(|&number| paper().figure(number).is_some());
                known.map(Self::Figure).ok_or_else(|| {
                    format!(
                        "there are figures {}, `all`, `thresholds` and `list`",
                        numbers(paper())
                    )
                })
            }
        }
    }
}

/// The numbers of all figures: `1 to 26`.
fn numbers(paper: &Paper) -> String {
    let numbers = || paper.figures.iter().map(|figure| figure.number);
    let ends = (numbers().min(), numbers().max());
    match ends {
        (Some(first), Some(last)) if last - first + 1 == paper.figures.len() as u32 => {
            format!("{first} to {last}")
        }
        _ => {
            let all: Vec<String> = numbers().map(|number| number.to_string()).collect();
            all.join(", ")
        }
    }
}

/// Runs the command.
pub fn run(args: &ReproduceArgs) -> Result<(), Failure> {
    let paper = paper();
    if args.figures.contains(&Asked::List) {
        if args.figures.len() > 1 {
            return Err(Failure::input(
                "`list` is given beside figures: ask for the list alone",
            ));
        }
        return list::run(paper, args.json);
    }
    let figures = chosen(paper, &args.figures)?;
    if !args.from.is_empty() && !figures.is_empty() {
        return Err(Failure::input(
            "--from is for `thresholds` alone: ask for figures in a call of their own",
        ));
    }
    let runs = args.out.join(RUNS);
    let has_runs = |one: &Experiment| runs.join(&one.id).exists();
    if figures.is_empty() && args.from.is_empty() && !paper.experiments.iter().any(has_runs) {
        return Err(Failure::input(format!(
            "there are no runs in {}: reproduce a figure with this --out first, or give tables with --from",
            runs.display()
        )));
    }
    let experiments = experiments(paper, &figures);
    let configs = configs(args, &experiments)?;
    let counts = seeds_of(args, paper, &figures)?;
    let mut options = args.sweep.options(configs.values());
    for config in configs.values() {
        check_fits(config, &options)?;
    }
    let existing = args.sweep.existing();
    let tables = of_tables(&args.from)?;
    let stop = stop_on_interrupt()?;
    claim(&args.out, existing)?;
    let mut over: Vec<&str> = Vec::new();
    let mut drawn = Vec::new();
    for figure in figures {
        for id in figure.experiments() {
            if !over.contains(&id) {
                let folder = args.out.join(RUNS).join(id);
                options.first_seeds = counts.get(id).copied();
                carry_out(&configs[id], &folder, existing, &options, &stop)?.all_over()?;
                over.push(id);
            }
        }
        drawn.push(draw(args, paper, figure)?);
    }
    let compared = thresholds(args, paper, tables)?;
    say_where(args, &drawn, &compared)
}

/// The figures that are asked for, each once, in their order. `all` leaves out
/// what can't be drawn, and says so.
fn chosen<'a>(paper: &'a Paper, asked: &[Asked]) -> Result<Vec<&'a FigureSpec>, Failure> {
    let all = asked.contains(&Asked::All);
    let mut figures = Vec::new();
    for figure in &paper.figures {
        if !all && !asked.contains(&Asked::Figure(figure.number)) {
            continue;
        }
        match &figure.lacks {
            None => figures.push(figure),
            Some(lacks) => {
                let said = format!("figure {} is not drawn: {lacks}", figure.number);
                if !all {
                    return Err(Failure::input(format!("{said}; ask for others")));
                }
                say(said);
            }
        }
    }
    Ok(figures)
}

fn experiments<'a>(paper: &'a Paper, figures: &[&'a FigureSpec]) -> Vec<&'a Experiment> {
    let is_shown = |one: &&Experiment| {
        let mut figures = figures.iter();
        figures.any(|figure| figure.experiments().contains(&one.id.as_str()))
    };
    paper.experiments.iter().filter(is_shown).collect()
}

/// How many seeds of each experiment are trained: the most that a figure needs.
/// Figures that need fewer than there are are said.
fn seeds_of<'a>(
    args: &ReproduceArgs,
    paper: &'a Paper,
    figures: &[&'a FigureSpec],
) -> Result<BTreeMap<&'a str, usize>, Failure> {
    let mut counts = BTreeMap::new();
    for figure in figures {
        let experiments = paper.experiments_of(figure);
        let of = |asked| parts(args.scale, &experiments, asked).or_input();
        let needed = of(args.seeds)?;
        if let (Some(fewer), None) = (seeds::in_words(&needed), args.seeds) {
            say(format!(
                "figure {}: {fewer} of each experiment, about {:.0} min; with all it would be {:.0} min \
                 (--seeds all, also later with --resume)",
                figure.number,
                minutes(args.scale, &needed),
                minutes(args.scale, &of(Some(Seeds::All))?),
            ));
        }
        for part in needed {
            let count = counts.entry(part.experiment.id.as_str()).or_default();
            *count = part.seeds.max(*count);
        }
    }
    Ok(counts)
}

/// The configurations of experiments, by name.
fn configs(
    args: &ReproduceArgs,
    experiments: &[&Experiment],
) -> Result<BTreeMap<String, Config>, Failure> {
    let one = |experiment: &&Experiment| {
        let config = args
            .scale
            .config(experiment, args.sweep.data_dir.as_deref())?;
        Ok((experiment.id.clone(), config))
    };
    let all: anyhow::Result<_> = experiments.iter().map(one).collect();
    all.or_input()
}

/// What the runs of a sweep predict, where they do.
fn predictions(folder: &Path, id: &str, sweep: &Sweep) -> Result<Predicted, Failure> {
    let mut all = Predicted::new();
    for run in &sweep.runs {
        let name = run.summary.run.clone();
        let of_run = folder.join(RUNS_FOLDER).join(&name);
        if of_run.join(PREDICTIONS_FILE).exists() {
            let found = read_predictions(&of_run, run.outcome.as_ref()).or_work()?;
            all.insert((id.to_owned(), name), found);
        }
    }
    Ok(all)
}

/// Draws a figure whose experiments are over, and links it.
fn draw(args: &ReproduceArgs, paper: &Paper, figure: &FigureSpec) -> Result<Value, Failure> {
    let folder = args.out.join(folder_name(figure.number));
    watched("reproduce", |meter| {
        meter.begin(format!("drawing figure {}", figure.number), Parts::Whole);
        let mut sweeps = BTreeMap::new();
        let mut predicted = Predicted::new();
        for id in figure.experiments() {
            let folder = args.out.join(RUNS).join(id);
            let sweep = read_sweep(&folder).or_work()?;
            if figure.needs_predictions() {
                predicted.extend(predictions(&folder, id, &sweep)?);
            }
            sweeps.insert(id.to_owned(), sweep);
        }
        let context = Context {
            scale: args.scale.name().to_owned(),
            scale_in_words: args.scale.in_words().to_owned(),
            command: command_line(),
            version: version().to_owned(),
        };
        let page = FigurePage::of(paper, figure, &sweeps, &predicted, &args.aids(), &context);
        let panels = write(&page, &folder).or_work()?;
        write_overview(&args.out).or_work()?;
        Ok(json!({
            "figure": figure.number,
            "title": figure.title,
            "scale": args.scale.name(),
            "folder": folder,
            "panels": panels,
            "printed_values": page.compared,
            "reading_aids": args.aids(),
        }))
    })
}

impl ReproduceArgs {
    fn aids(&self) -> Aids {
        Aids {
            smooth: usize::from(self.smooth),
            log_x: self.log.contains(&Axis::X),
            log_y: self.log.contains(&Axis::Y),
            markers: self.markers,
        }
    }
}

fn say_where(args: &ReproduceArgs, drawn: &[Value], compared: &Value) -> Result<(), Failure> {
    if args.json {
        return match drawn {
            [] => print_json(compared),
            _ => print_json(&drawn),
        };
    }
    let mut text = match (drawn, compared["sentence"].as_str()) {
        ([], Some(sentence)) => format!("{sentence}\n"),
        _ => String::new(),
    };
    for figure in drawn {
        let absent = figure["panels"].as_array().into_iter().flatten();
        let absent = absent.filter(|panel| panel.get("absent").is_some()).count();
        let lacking = match absent {
            0 => String::new(),
            count => format!(" ({count} panels are absent: the page says why)"),
        };
        let folder = folder_name(figure["figure"].as_u64().unwrap_or(0) as u32);
        text += &format!("{}{lacking}\n", args.out.join(folder).display());
    }
    let overview = args.out.join(OVERVIEW_FILE);
    print(format!("{text}all figures: {}\n", overview.display()))
}
