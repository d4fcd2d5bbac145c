//! Draws the paths of a sweep's runs (the paper's Fig. 1 and 8) and, over the
//! runs of several sweeps, predicted against observed break-even points:
//!
//! ```sh
//! cargo run -p breakeven-verify --example paths -- OUT SEED UNTIL SWEEP...
//! ```
//!
//! Paths are those of the first sweep's runs of seed SEED, before a training
//! accuracy of UNTIL. OUT gets SVG and CSV files.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use breakeven_verify::input::{Run, Sweep};
use breakeven_verify::number::exact;
use breakeven_verify::paper::path::{PathRun, PathSettings, Paths, Shade};
use breakeven_verify::paper::thresholds::{Network, csv, figures, locate};
use breakeven_verify::plot::Figure;
use breakeven_verify::{read_predictions, read_sweep};

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [out, seed, until, folders @ ..] = &given[..] else {
        return Err("give OUT SEED UNTIL SWEEP...".into());
    };
    let out = PathBuf::from(out);
    fs::create_dir_all(&out)?;
    let sweeps = folders.iter().map(|folder| read_sweep(Path::new(folder)));
    let sweeps: Vec<Sweep> = sweeps.collect::<Result<_, _>>()?;
    let settings = PathSettings {
        until_accuracy: until.parse()?,
        ..PathSettings::default()
    };
    let first = sweeps.first().ok_or("give at least one sweep")?;
    paths(&out, Path::new(&folders[0]), first, seed.parse()?, settings)?;
    let networks: Vec<Network> = sweeps
        .iter()
        .map(|sweep| Network {
            name: sweep.name.clone(),
            runs: sweep.runs.iter().collect(),
        })
        .collect();
    let located = locate(&networks);
    fs::write(out.join("thresholds.csv"), csv(&located)?)?;
    write(&out, figures(&located))
}

fn paths(
    out: &Path,
    folder: &Path,
    sweep: &Sweep,
    seed: u64,
    settings: PathSettings,
) -> Result<(), Box<dyn Error>> {
    let of_seed = |run: &&Run| run.summary.seed == seed;
    let chosen: Vec<&Run> = sweep.runs.iter().filter(of_seed).collect();
    let predicted = chosen.iter().map(|run| {
        let folder = folder.join("runs").join(&run.summary.run);
        read_predictions(&folder, run.outcome.as_ref())
    });
    let predicted: Vec<_> = predicted.collect::<Result<_, _>>()?;
    let runs: Vec<PathRun> = chosen
        .iter()
        .zip(&predicted)
        .map(|(run, predictions)| PathRun {
            label: format!("η = {}", exact(run.summary.learning_rate)),
            predictions,
            records: &run.records,
            break_even_step: run.summary.break_even_step,
        })
        .collect();
    let paths = Paths::of(&runs, settings)?;
    fs::write(out.join("paths.csv"), paths.csv()?)?;
    write(out, paths.figures(&Shade::ALL))
}

fn write(out: &Path, figures: Vec<Result<Figure, String>>) -> Result<(), Box<dyn Error>> {
    for figure in figures {
        match figure {
            Ok(figure) => {
                let file = out.join(format!("{}.svg", figure.id));
                fs::write(&file, figure.standalone())?;
                println!("{}: {}", file.display(), figure.description);
            }
            Err(why) => println!("no figure: {why}"),
        }
    }
    Ok(())
}
