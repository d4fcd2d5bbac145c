//! Draws the paths of the predictions of a sweep's runs (the paper's Fig. 1 and
//! 8), as SVG and CSV files in OUT: of the runs of seed SEED, before a training
//! accuracy of UNTIL, such as 0.65.
//!
//! ```sh
//! cargo run -p breakeven-verify --example paths -- OUT SEED UNTIL SWEEP
//! ```

use std::error::Error;
use std::fs;
use std::path::Path;

use breakeven_plot::number::exact;
use breakeven_verify::input::Run;
use breakeven_verify::paper::path::{PathRun, PathSettings, Paths, Shade};
use breakeven_verify::{read_predictions, read_sweep};

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [out, seed, until, folder] = &given[..] else {
        return Err("give OUT SEED UNTIL SWEEP".into());
    };
    let (out, folder, seed): (_, _, u64) = (Path::new(out), Path::new(folder), seed.parse()?);
    let settings = PathSettings {
        until_accuracy: until.parse()?,
        ..PathSettings::default()
    };
    let sweep = read_sweep(folder)?;
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
    fs::create_dir_all(out)?;
    fs::write(out.join("paths.csv"), paths.csv()?)?;
    for figure in paths.figures(&Shade::ALL) {
        match figure {
            Ok(figure) => {
                fs::write(out.join(format!("{}.svg", figure.id)), figure.standalone())?;
                println!("{}", figure.description);
            }
            Err(why) => println!("no figure: {why}"),
        }
    }
    Ok(())
}
