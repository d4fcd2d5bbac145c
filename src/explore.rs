//! `breakeven explore`: a page on the loopback address, theory and runs.
//!
//! The page computes nothing: every number and every figure is asked of this
//! program, which asks `sim`.

mod answer;
mod curves;
mod diagram;
mod guard;
mod paths;
mod query;
mod refusal;
mod runs;
mod server;
mod setting;
mod site;
mod theorems;
mod theory;
mod trajectory;

use std::path::PathBuf;

use anyhow::Context;

use crate::failure::{Failure, OrFail};
use crate::progress::watched;
use crate::streams;

/// Examples of the command.
pub const EXAMPLES: &str = "\
Examples:
  breakeven explore
  breakeven explore runs/learning-rate
  breakeven explore runs --port 8765 --no-open";

/// The model and your runs in the browser: a page on this machine alone.
#[derive(Clone, Debug, clap::Args)]
pub struct ExploreArgs {
    /// A folder with runs in it, finished or still being trained; runs are
    /// found in it at any depth down to 4
    #[arg(value_name = "RUNS")]
    runs: Option<PathBuf>,
    /// Port on 127.0.0.1; 0 takes any that is free
    #[arg(long, value_name = "P", default_value_t = 0)]
    port: u16,
    /// Print the address only, and open no browser
    #[arg(long)]
    no_open: bool,
}

/// Serves the page until Ctrl-C.
pub fn run(args: &ExploreArgs) -> Result<(), Failure> {
    if let Some(folder) = args.runs.as_ref().filter(|folder| !folder.is_dir()) {
        let message = format!("{} is not a folder: name one with runs", folder.display());
        return Err(Failure::input(message));
    }
    let server = server::Server::bind(args.port, args.runs.as_deref())
        .with_context(|| format!("--port {}: give another, or 0 for any", args.port))
        .or_input()?;
    watched("explore", |meter| server.prepare(meter));
    let address = server.address();
    let stop = server.stopper();
    ctrlc::set_handler(move || stop.stop())
        .context("can't listen for Ctrl-C")
        .or_work()?;
    streams::print(format!("{address}\n"))?;
    streams::say("Ctrl-C ends it.");
    if !args.no_open && open::that_detached(&address).is_err() {
        streams::say("No browser could be opened: open the address yourself.");
    }
    server.serve().context("the page can't be served").or_work()
}
