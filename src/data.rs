//! `breakeven data`: which data sets there are, getting their official files,
//! and checking them.

mod check;
mod fetch;
mod list;
mod progress;

use std::path::PathBuf;

use crate::failure::Failure;

/// Data sets: what there is, where it is looked for, and its official files.
#[derive(Debug, clap::Subcommand)]
pub enum DataArgs {
    /// The data sets, their licences, and where their files are.
    #[command(after_help = list::EXAMPLES)]
    List(list::ListArgs),
    /// Gets the official files of a data set, and checks them by checksum.
    #[command(after_help = fetch::EXAMPLES)]
    Fetch(fetch::FetchArgs),
    /// Reads, validates and checks every file of a data set.
    #[command(after_help = check::EXAMPLES)]
    Check(check::CheckArgs),
}

/// Where data are looked for.
#[derive(Debug, clap::Args)]
struct Place {
    /// Data folder. Files may lie in it directly, or in a folder in it with
    /// the data set's name. The environment variable BREAKEVEN_DATA names
    /// another, which comes second; the platform's data folder comes last.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Runs one of the data commands.
pub fn run(args: DataArgs) -> Result<(), Failure> {
    match args {
        DataArgs::List(args) => list::run(&args),
        DataArgs::Fetch(args) => fetch::run(&args),
        DataArgs::Check(args) => check::run(&args),
    }
}

/// `number` with a comma before every third digit from the right.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_are_grouped_by_three() {
        let numbers = [0, 999, 1_000, 12_000, 170_052_171];
        let shown = ["0", "999", "1,000", "12,000", "170,052,171"];
        assert_eq!(numbers.map(grouped), shown);
    }
}
