//! The names that a table of another program has for our columns.

use super::table::header::{Holds, plain};
use super::{InputError, Place};
use crate::quantity::PerRun;

/// For some of our columns, what a table calls them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnMap(Vec<Renamed>);

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Renamed {
    ours: String,
    theirs: String,
}

/// Why something is no map of columns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ColumnMapError {
    /// No two names.
    #[error("`{0}` is no column map: give NAME=THEIRS, such as learning_rate=config.lr")]
    NoPair(String),
    /// A name that tables do not have.
    #[error("`{given}`: tables have no column {name}{}", did_you_mean(near))]
    Unknown {
        /// The whole of it.
        given: String,
        /// The name.
        name: String,
        /// Names that are like it.
        near: Vec<String>,
    },
    /// A column of ours that is given twice.
    #[error("`{given}`: {name} was given before, as {before}: give it once")]
    Twice {
        /// The whole of it.
        given: String,
        /// The name.
        name: String,
        /// What it was given as.
        before: String,
    },
}

impl ColumnMap {
    /// From `NAME=THEIRS`, each.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use breakeven_verify::{ColumnMap, VerifySettings, parse_table_as};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let columns = ColumnMap::parse(&["learning_rate=config.lr".to_owned()])?;
    /// let table = "seed,config.lr,batch_size,max_lambda_k\n0,0.1,32,2\n";
    /// let path = Path::new("runs.csv");
    /// let sweep = parse_table_as(path, table.as_bytes(), VerifySettings::default(), &columns)?;
    /// assert_eq!(sweep.runs[0].summary.learning_rate, 0.1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What is no such pair, a name that tables do not have, or the same column
    /// twice, ours or theirs.
    pub fn parse(given: &[String]) -> Result<Self, ColumnMapError> {
        let mut found: Vec<Renamed> = Vec::new();
        for pair in given {
            let parts = pair.split_once('=');
            let parts = parts.map(|(ours, theirs)| (ours.trim(), theirs.trim()));
            let (ours, theirs) = parts
                .filter(|(ours, theirs)| !ours.is_empty() && !theirs.is_empty())
                .ok_or_else(|| ColumnMapError::NoPair(pair.clone()))?;
            let held = Holds::of_column(ours);
            if held == Holds::Other {
                return Err(ColumnMapError::Unknown {
                    given: pair.clone(),
                    name: ours.to_owned(),
                    near: near(ours, &our_names()),
                });
            }
            let twice = |name: &str, before: &str| ColumnMapError::Twice {
                given: pair.clone(),
                name: name.to_owned(),
                before: before.to_owned(),
            };
            for before in &found {
                if Holds::of_column(&before.ours) == held {
                    return Err(twice(ours, &before.theirs));
                }
                if before.theirs == theirs {
                    return Err(twice(theirs, &before.ours));
                }
            }
            found.push(Renamed {
                ours: ours.to_owned(),
                theirs: theirs.to_owned(),
            });
        }
        Ok(Self(found))
    }

    /// Whether a table's column is one of the map's.
    pub(super) fn is_theirs(&self, name: &str) -> bool {
        self.ours(name).is_some()
    }

    /// Our name of a table's column.
    pub(super) fn ours(&self, theirs: &str) -> Option<&str> {
        let renamed = self.0.iter().find(|renamed| renamed.theirs == theirs);
        renamed.map(|renamed| renamed.ours.as_str())
    }

    /// Our names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|renamed| renamed.ours.as_str())
    }

    /// Refuses a table that lacks one of the columns. `place` is its line of
    /// names.
    pub(super) fn check(&self, place: &Place, names: &[&str]) -> Result<(), InputError> {
        let is_missing = |renamed: &&Renamed| !names.contains(&renamed.theirs.as_str());
        let Some(Renamed { ours, theirs }) = self.0.iter().find(is_missing) else {
            return Ok(());
        };
        let all: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let problem = format!("there is no column `{theirs}`, which is to be read as {ours}");
        let columns = names.join("`, `");
        let remedy = match near(theirs, &all)[..] {
            [] => format!("its columns are `{columns}`"),
            ref near => format!(
                "did you mean {}? Its columns are `{columns}`",
                near.join(" or ")
            ),
        };
        Err(InputError::malformed(place.clone(), problem, remedy))
    }

    /// What is read from where.
    pub(super) fn in_words(&self) -> Vec<String> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let one = |renamed: &Renamed| format!("{} from `{}`", renamed.ours, renamed.theirs);
        let all: Vec<String> = self.0.iter().map(one).collect();
        vec![format!("columns are read as given: {}", all.join(", "))]
    }
}

/// All names that a column of ours may have.
fn our_names() -> Vec<String> {
    let of_run = [
        "seed",
        "learning_rate",
        "batch_size",
        "momentum",
        "converged",
        "break_even_step",
        "batches",
        "covariance_batch_size",
    ];
    let about = |quantity: PerRun| {
        let endings = ["", "_step", "_error"];
        endings.map(|ending| format!("{quantity}{ending}"))
    };
    let of_run = of_run.map(str::to_owned).into_iter();
    of_run.chain(PerRun::all().flat_map(about)).collect()
}

/// Names less like each other than this are not taken for each other.
const LIKE: f64 = 0.6;
/// Names that are proposed at most.
const MOST_PROPOSED: usize = 3;

/// The names most like `name`, by the share of characters that need no edit
/// (Levenshtein) of the whole, or of what follows the last dot.
fn near(name: &str, among: &[String]) -> Vec<String> {
    let last = |name: &str| plain(name.rsplit('.').next().unwrap_or(name));
    let likeness = |other: &String| {
        let whole = strsim::normalized_levenshtein(&plain(name), &plain(other));
        whole.max(strsim::normalized_levenshtein(&last(name), &last(other)))
    };
    let mut near: Vec<(f64, &String)> = among
        .iter()
        .map(|other| (likeness(other), other))
        .filter(|(likeness, _)| *likeness >= LIKE)
        .collect();
    // Of equally alike ones the first.
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let best = near.into_iter().take(MOST_PROPOSED);
    best.map(|(_, name)| name.clone()).collect()
}

fn did_you_mean(near: &[String]) -> String {
    match near {
        [] => String::new(),
        _ => format!("; did you mean {}?", near.join(" or ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(given: &[&str]) -> String {
        let given: Vec<String> = given.iter().map(|&pair| pair.to_owned()).collect();
        ColumnMap::parse(&given).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_map_is_refused_with_names_like_it() {
        for (given, message) in [
            (
                &["learning_rate"][..],
                "`learning_rate` is no column map: give NAME=THEIRS, such as \
                 learning_rate=config.lr",
            ),
            (
                &["=lr"],
                "`=lr` is no column map: give NAME=THEIRS, such as learning_rate=config.lr",
            ),
            (
                &["lerning_rate=config.lr"],
                "`lerning_rate=config.lr`: tables have no column lerning_rate; did you mean \
                 learning_rate?",
            ),
            (&["q=x"], "`q=x`: tables have no column q"),
            (
                &["lr=a", "learning_rate=b"],
                "`learning_rate=b`: learning_rate was given before, as a: give it once",
            ),
            (
                &["seed=a", "batch_size=a"],
                "`batch_size=a`: a was given before, as seed: give it once",
            ),
        ] {
            assert_eq!(refused(given), message);
        }
        assert!(
            refused(&["max_lambda=x"]).ends_with("did you mean max_lambda_k or max_lambda_h?"),
            "{}",
            refused(&["max_lambda=x"])
        );
    }
}
