//! Every claim under every choice: the sentence, the table and the curves.

use super::{Block, Room, Section, Table, specifications_figure};
use crate::report::SPECIFICATIONS_FILE;
use crate::report::statement::{self, ABSENT};
use crate::specifications::SpecificationCurve;
use breakeven_plot::number::significant;

const INTRO: &str = "Whoever may choose among many analyses finds one that says what he hopes. Here \
    all are made that the records allow without training again: statistic, part of the training, \
    smoothing, how often one measures, of K whether it is K^M or that of single examples, and, where \
    their halves were measured too, on which of the L mini-batches and of the examples. Each gives a log–log slope with its interval over seeds and an unadjusted one-sided p-value. They are \
    variations on one set of runs, no independent tests: the share that is significant is no p-value, \
    and no verdict rests on it.";

pub fn section(curves: &[SpecificationCurve], alpha: f64) -> Section {
    let mut blocks = Vec::new();
    if !curves.is_empty() {
        blocks.push(Block::Text(INTRO.to_owned()));
        blocks.push(Block::Text(format!(
            "Every one of them is in {SPECIFICATIONS_FILE}."
        )));
        let rows = curves.iter().map(row).collect();
        blocks.push(Block::Table(Table::new(&HEADS, rows)));
        let paper = curves.iter().filter(|curve| curve.specifications > 0);
        for (index, curve) in paper.enumerate() {
            let sentence = sentence(curve, alpha);
            blocks.push(Block::Figures {
                drawn: vec![specifications_figure::picture(curve, alpha, index)],
                room: Room::Whole,
                // The first claim's is open.
                folded: (index > 0).then_some(sentence.clone()),
            });
        }
    }
    Section {
        id: "specifications",
        title: "Under every reasonable choice",
        blocks,
    }
}

const HEADS: [&str; 6] = [
    "Claim",
    "Sign as claimed",
    "and p ≤ α, unadjusted",
    "Opposite, and p ≤ α",
    "Slope: smallest, median, largest",
    "The paper's choice",
];

fn row(curve: &SpecificationCurve) -> Vec<String> {
    let n = curve.specifications;
    let slopes =
        curve
            .log_slope_quantiles
            .map_or(ABSENT.to_owned(), |[least, _, middle, _, most]| {
                let words = [least, middle, most].map(|slope| significant(slope, 2));
                words.join(", ")
            });
    let paper = curve.log_slope_of_paper;
    let without = match curve.without_slope {
        0 => String::new(),
        some => format!(" ({some} more have no slope{})", reason(curve)),
    };
    vec![
        claim(curve),
        format!("{} of {n}{without}", curve.as_claimed),
        curve.significant.to_string(),
        format!("{}, {}", curve.opposite, curve.opposite_significant),
        slopes,
        paper.map_or(ABSENT.to_owned(), |slope| significant(slope, 2)),
    ]
}

/// The reason that most choices without a slope share.
fn reason(curve: &SpecificationCurve) -> String {
    let reasons: Vec<&str> = curve
        .all
        .iter()
        .filter_map(|one| match &one.effect {
            Err(why) => Some(why.as_str()),
            Ok(effect) => effect.slope.is_none().then_some("a value is not positive"),
        })
        .collect();
    let often = |why: &str| reasons.iter().filter(|other| **other == why).count();
    let most = reasons.iter().max_by_key(|why| often(why));
    most.map_or_else(String::new, |why| format!(": {why}"))
}

fn claim(curve: &SpecificationCurve) -> String {
    let claim = statement::claim(curve.subject.quantity(), curve.factor, curve.expected);
    format!("{claim} ({}, {})", curve.sweep, curve.fixed)
}

fn sentence(curve: &SpecificationCurve, alpha: f64) -> String {
    let n = curve.specifications;
    format!(
        "{}: in {} of {n} specifications the sign is as claimed, in {} with p ≤ {alpha}; in {} it is \
         the opposite, in {} with p ≤ {alpha}",
        claim(curve),
        curve.as_claimed,
        curve.significant,
        curve.opposite,
        curve.opposite_significant
    )
}
