//! `breakeven reproduce thresholds`: break-even points of runs or of tables.

use std::collections::BTreeMap;
use std::path::PathBuf;

use breakeven_sim::meter::Parts;
use breakeven_verify::export::read_thresholds;
use breakeven_verify::paper::thresholds::{THRESHOLDS_FOLDER, write};
use breakeven_verify::paper::{Paper, write_overview};
use breakeven_verify::thresholds::{Located, Network, Thresholds, locate};
use breakeven_verify::{VerifySettings, read_sweep};
use serde_json::{Value, json};

use super::{RUNS, ReproduceArgs};
use crate::failure::{Failure, OrFail};
use crate::progress::watched;

/// Predicted against observed break-even points, of tables where some are given.
pub fn thresholds(
    args: &ReproduceArgs,
    paper: &Paper,
    tables: Vec<Located>,
) -> Result<Value, Failure> {
    let located = match args.from.is_empty() {
        true => located(args, paper)?,
        false => tables,
    };
    watched("reproduce", |meter| {
        meter.begin("comparing break-even points", Parts::Whole);
        let found = Thresholds::of(located, VerifySettings::default().alpha);
        let folder = args.out.join(THRESHOLDS_FOLDER);
        write(&found, &folder).or_work()?;
        write_overview(&args.out).or_work()?;
        Ok(json!({
            "folder": folder,
            "runs": found.located.len(),
            "sentence": found.sentence,
            "comparisons": found.comparisons,
        }))
    })
}

/// The runs of all sweeps that are there, by network.
fn located(args: &ReproduceArgs, paper: &Paper) -> Result<Vec<Located>, Failure> {
    let mut sweeps = Vec::new();
    for experiment in &paper.experiments {
        let folder = args.out.join(RUNS).join(&experiment.id);
        if folder.exists() {
            sweeps.push((experiment, read_sweep(&folder).or_work()?));
        }
    }
    let networks = sweeps.iter();
    let networks = networks.map(|(experiment, sweep)| Network::of(&experiment.network, sweep));
    Ok(locate(&networks.collect::<Vec<_>>()))
}

/// The runs of tables, none in two of them.
pub fn of_tables(tables: &[PathBuf]) -> Result<Vec<Located>, Failure> {
    let mut all: Vec<Located> = Vec::new();
    let mut from: BTreeMap<(String, String), &PathBuf> = BTreeMap::new();
    for table in tables {
        for one in read_thresholds(table).or_input()? {
            let key = (one.network.clone(), one.run.clone());
            let before = *from.entry(key).or_insert(table);
            if !std::ptr::eq(before, table) {
                return Err(Failure::input(format!(
                    "{}: run {} of {} was given before, in {}: give each run once",
                    table.display(),
                    one.run,
                    one.network,
                    before.display()
                )));
            }
            all.push(one);
        }
    }
    Ok(all)
}
