//! `breakeven manual`: the pages for `man`.

use std::path::PathBuf;

use anyhow::Context;
use clap::CommandFactory;

use crate::Arguments;
use crate::failure::{Failure, OrFail};
use crate::streams::say;

pub const EXAMPLES: &str = "\
Example:
  breakeven manual ~/.local/share/man/man1
  man breakeven-measure";

/// Writes a manual page for each command, to be read with `man`.
#[derive(Debug, clap::Args)]
pub struct ManualArgs {
    /// Where they go; the folder is made where it is missing.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Runs the command.
pub fn run(args: &ManualArgs) -> Result<(), Failure> {
    let folder = args.folder.display();
    std::fs::create_dir_all(&args.folder)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), &args.folder))
        .with_context(|| format!("can't write manual pages to {folder}"))
        .or_input()?;
    say(format!("manual pages: {folder}"));
    Ok(())
}
