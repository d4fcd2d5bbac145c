//! Draws predicted against observed break-even points over the runs of several
//! sweeps, as SVG and CSV files in OUT; a sweep's folder names its network.
//!
//! ```sh
//! cargo run -p breakeven-verify --example thresholds -- OUT SWEEP...
//! ```

use std::error::Error;
use std::fs;
use std::path::Path;

use breakeven_verify::input::Sweep;
use breakeven_verify::paper::thresholds::{Network, comparison, csv, figures, locate};
use breakeven_verify::read_sweep;

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let [out, folders @ ..] = &given[..] else {
        return Err("give OUT SWEEP...".into());
    };
    let out = Path::new(out);
    let sweeps = folders.iter().map(|folder| read_sweep(Path::new(folder)));
    let sweeps: Vec<Sweep> = sweeps.collect::<Result<_, _>>()?;
    let networks: Vec<Network> = sweeps
        .iter()
        .map(|sweep| Network {
            name: sweep.name.clone(),
            runs: sweep.runs.iter().collect(),
        })
        .collect();
    let located = locate(&networks);
    fs::create_dir_all(out)?;
    fs::write(out.join("thresholds.csv"), csv(&located)?)?;
    for figure in figures(&located) {
        match figure {
            Ok(figure) => fs::write(out.join(format!("{}.svg", figure.id)), figure.standalone())?,
            Err(why) => println!("no figure: {why}"),
        }
    }
    for row in comparison(&located) {
        let share = |known: &Result<_, String>| match known {
            Ok(share) => format!("{share:?}"),
            Err(why) => why.clone(),
        };
        println!(
            "{} by {}, {} runs: {}; 2/η of the same runs: {}",
            row.observed.symbol(),
            row.predictor.symbol(),
            row.explained.runs,
            share(&row.explained.itself),
            share(&row.null.itself)
        );
    }
    Ok(())
}
