//! Runs of one sweep that different versions of the program measured: numbers
//! may differ between versions, so those of one version are compared.

use std::collections::BTreeMap;

use super::Run;

/// Takes out the runs of other versions than most runs are of; of versions with
/// as many runs the latest is kept. A version is its number, without the commit
/// that it was built from.
pub fn leave_out_others(runs: &mut [Run]) {
    let mut counts: BTreeMap<Vec<Part>, (String, usize)> = BTreeMap::new();
    for number in runs.iter().filter_map(number) {
        let (_, count) = counts
            .entry(parts(number))
            .or_insert_with(|| (number.to_owned(), 0));
        *count += 1;
    }
    let most = counts.values().max_by_key(|(_, count)| *count);
    let Some((kept, count)) = most.filter(|_| counts.len() > 1).cloned() else {
        return;
    };
    let all = runs.len();
    for run in runs {
        let other = number(run).filter(|number| *number != kept);
        if let Some(reason) = other.map(|other| reason(other, &kept, count, all))
            && run.summary.has_converged()
        {
            run.summary.does_not_count(reason);
        }
    }
}

fn reason(other: &str, kept: &str, count: usize, all: usize) -> String {
    format!(
        "of another version: measured by breakeven {other}, and {count} of {all} runs of the \
         sweep by {kept}, whose numbers may differ; train the sweep anew with one version"
    )
}

/// The number of the version that began a run: `0.1.0` of `0.1.0 (1a2b3c4)`.
fn number(run: &Run) -> Option<&str> {
    run.header.as_ref()?.version.split_whitespace().next()
}

/// A part of a version's number; numbers go before words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Number(u64),
    Word(String),
}

fn parts(number: &str) -> Vec<Part> {
    let part = |part: &str| match part.parse() {
        Ok(number) => Part::Number(number),
        Err(_) => Part::Word(part.to_owned()),
    };
    number.split('.').map(part).collect()
}
