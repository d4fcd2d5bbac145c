//! `breakeven data fetch NAME`.

use breakeven_empirical::data::catalog::{self, Origin};
use breakeven_empirical::data::fetch::{FetchError, fetch};
use breakeven_empirical::data::search::{Search, VARIABLE};
use serde::Serialize;

use super::Place;
use super::progress::Progress;
use crate::failure::{Failure, OrFail};
use crate::streams::print_json;

pub(super) const EXAMPLES: &str = "Examples:
  breakeven data fetch fashion-mnist
  breakeven data fetch cifar10 --data-dir ~/data
  breakeven data fetch mnist --from https://storage.googleapis.com/cvdf-datasets/mnist

The files go to DIR/NAME, and without --data-dir to the folder that
BREAKEVEN_DATA names, or to the platform's data folder. A transfer that was
cut goes on where it ended when the same command is run again.";

/// Options of `data fetch`.
#[derive(Debug, clap::Args)]
pub struct FetchArgs {
    /// Name of the data set, as in `breakeven data list`.
    name: String,
    #[command(flatten)]
    place: Place,
    /// Address that the files are below, in place of the official one.
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// Answer as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    name: &'a str,
    folder: String,
    files: Vec<String>,
}

/// Fetches one data set.
pub(super) fn run(args: &FetchArgs) -> Result<(), Failure> {
    let entry = catalog::find(&args.name).or_input()?;
    match entry.origin {
        Origin::Embedded => return Err(Failure::input(FetchError::BuiltIn(entry.name))),
        Origin::ByHand { how } => {
            let name = entry.name;
            return Err(Failure::input(FetchError::ByHand { name, how }));
        }
        Origin::Files { .. } | Origin::Archive { .. } | Origin::Whole { .. } => {}
    }
    let search = Search::for_download(args.place.data_dir.as_deref());
    let folder = search.download_folder(entry).ok_or_else(|| {
        Failure::input(format!(
            "this platform has no data folder; name one with --data-dir or {VARIABLE}"
        ))
    })?;
    let mut progress = Progress::new();
    let done = fetch(entry, &folder, args.from.as_deref(), &mut |event| {
        progress.show(event);
    });
    let files = progress.finish();
    done.map_err(blame)?;
    if args.json {
        let answer = Answer {
            name: entry.name,
            folder: folder.display().to_string(),
            files,
        };
        print_json(&answer)?;
    }
    Ok(())
}

/// What the user can set right is input, what the network did is not.
fn blame(error: FetchError) -> Failure {
    match error {
        FetchError::BuiltIn(_)
        | FetchError::ByHand { .. }
        | FetchError::Address(_)
        | FetchError::InTheWay { .. }
        | FetchError::Write { .. } => Failure::Input(error.into()),
        FetchError::Unreachable { .. }
        | FetchError::Refused { .. }
        | FetchError::CutOff { .. }
        | FetchError::Wrong { .. } => Failure::Work(error.into()),
    }
}
