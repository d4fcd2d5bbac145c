//! The paper's assumptions on these runs.

use super::{Block, Room, Section, Table, assumptions_figures};
use crate::assumptions::{
    Assumptions, Colinearity, OverSeeds, Phases, Proportionality, Proxy, Quadratic, SignTest,
    Statement, Tested,
};
use crate::input::Sweep;
use crate::report::statement::ABSENT;
use breakeven_plot::number::{p_value, significant};

const INTRO: &str = "The theory behind the conjectures rests on assumptions (paper, Sec. 3). Here they \
    meet the records, whether a run converged or not. Records of a run depend on each other, and runs \
    of a seed share their initial weights: numbers are averaged over a run, then over a seed, and \
    intervals and sign tests are over seeds. None of this decides a verdict.";

const PHASES: &str = "A3 and A4 by the changes from one record to the next, which may be many steps \
    apart; chance is one half. Two things a large share does not rule out: a λ_H that is high by chance \
    falls next, stable or not; and ψ has λ_H below its line, so that an error of λ_H moves both, in \
    opposite directions. So the last row compares the phases with each other.";

pub fn section(all: &[Assumptions], sweeps: &[Sweep]) -> Section {
    let mut blocks = Vec::new();
    if !all.is_empty() {
        blocks.push(Block::Text(INTRO.to_owned()));
    }
    for (index, one) in all.iter().enumerate() {
        blocks.push(Block::Heading(format!("{}, {} runs", one.sweep, one.runs)));
        let rows = vec![
            row(
                "A1: the loss along the leading eigenvector of H is a parabola",
                &one.quadratic,
                quadratic,
            ),
            row(
                "A2: the leading eigenvectors of H and K are one line",
                &one.colinearity,
                colinearity,
            ),
            row("A2: λ_K = αλ_H", &one.proportionality, proportionality),
            row(
                "ΔL < 0 finds the step at which Eq. 1 breaks",
                &one.proxy,
                proxy,
            ),
        ];
        blocks.push(Block::Table(Table::new(
            &["Assumption", "What the runs say"],
            rows,
        )));
        match &one.phases {
            Tested::Found(phases) => {
                let rows = phase_rows(phases);
                blocks.push(Block::Table(Table::new(&PHASE_HEADS, rows)));
                if index == 0 {
                    blocks.push(Block::Text(PHASES.to_owned()));
                }
            }
            Tested::Absent { absent } => {
                blocks.push(Block::Text(format!("A3 and A4: absent: {absent}.")));
            }
        }
        let sweep = sweeps.iter().find(|sweep| sweep.name == one.sweep);
        let drawn = sweep.map(|sweep| assumptions_figures::figures(one, sweep, index));
        let drawn = drawn.unwrap_or_default();
        if !drawn.is_empty() {
            blocks.push(Block::Figures {
                drawn,
                room: Room::Many,
                folded: None,
            });
        }
        let rows = per_run(one);
        if !rows.is_empty() {
            let table = Table::new(&RUN_HEADS, rows);
            blocks.push(Block::Table(table.folded("Run by run")));
        }
    }
    Section {
        id: "assumptions",
        title: "The assumptions, tested",
        blocks,
    }
}

fn row<T>(name: &str, tested: &Tested<T>, of: fn(&T) -> String) -> Vec<String> {
    let words = match tested {
        Tested::Found(found) => of(found),
        Tested::Absent { absent } => format!("absent: {absent}"),
    };
    vec![name.to_owned(), words]
}

fn quadratic(found: &Quadratic) -> String {
    let unfitted = match &found.unfitted {
        Some((lines, first)) => format!("; {lines} more lines cannot be fitted, as {first}"),
        None => String::new(),
    };
    format!(
        "{} of {} lines have R² ≥ {} with a curvature of their own, {} with the recorded λ_H; median R² \
         {}, smallest {}. Fitted curvature over λ_H: median {}. In {} of {} runs every line is a \
         parabola{unfitted}",
        found.quadratic,
        found.lines,
        found.quadratic_from,
        found.quadratic_with_lambda_h,
        significant(found.median_r2, 4),
        significant(found.smallest_r2, 3),
        significant(found.median_curvature_ratio, 3),
        found.quadratic_runs,
        found.per_run.len()
    )
}

fn colinearity(found: &Colinearity) -> String {
    let random = found.at_random.map_or_else(String::new, |random| {
        format!(
            "; two random directions of so many parameters: {}",
            significant(random, 2)
        )
    });
    format!(
        "|cos| {} over {}, from {} to {} in {} records up to the break-even point; 1 under A2{random}",
        over_seeds(&found.cosine),
        runs_and_seeds(&found.cosine),
        significant(found.range[0], 2),
        significant(found.range[1], 2),
        found.records
    )
}

fn proportionality(found: &Proportionality) -> String {
    let of = match found.lambda_k {
        "lambda_k" => " (λ_K from K^M, too large for few batches)",
        _ => "",
    };
    let spread = found.spread.map_or_else(String::new, |spread| {
        format!(
            "; within a run it varies by a factor of {} (median)",
            significant(spread, 3)
        )
    });
    let slope = match (&found.slope, &found.slope_absent) {
        (Some(slope), _) => format!(
            "Slope of log λ_K on log λ_H {} over {}, 1 under A2; above 0 {}. Noise of λ_H makes it \
             smaller",
            over_seeds(slope),
            runs_and_seeds(slope),
            test(found.rises_together.as_ref())
        ),
        (None, Some(why)) => format!("Slope absent: {why}"),
        (None, None) => String::new(),
    };
    format!(
        "α = {} over {}{of}{spread}. {slope}",
        over_seeds(&found.alpha),
        runs_and_seeds(&found.alpha)
    )
}

fn proxy(found: &Proxy) -> String {
    let median = found.median_difference.map_or_else(String::new, |steps| {
        format!(
            "; where both happen, ΔL < 0 comes {} steps {} (median)",
            significant(steps.abs(), 4),
            if steps < 0.0 { "earlier" } else { "later" }
        )
    });
    format!(
        "same record in {} of {} runs; ΔL first in {}, Eq. 1 first in {}; ΔL alone in {}, Eq. 1 alone in \
         {}, neither in {}{median}. Of {} records both say the same in {} %, {} % by chance. ΔL is one \
         step on one batch, and so noisier than Eq. 1",
        found.same,
        found.runs,
        found.proxy_first,
        found.criterion_first,
        found.proxy_only,
        found.criterion_only,
        found.neither,
        found.records,
        significant(100.0 * found.agreement, 3),
        significant(100.0 * found.agreement_by_chance, 3)
    )
}

const PHASE_HEADS: [&str; 5] = [
    "A3 and A4",
    "Runs",
    "Changes that go as assumed",
    "Share, mean over seeds",
    "Seeds above chance",
];

fn phase_rows(phases: &Phases) -> Vec<Vec<String>> {
    let share = |of: &Statement| of.share.map_or(ABSENT.to_owned(), |s| significant(s, 2));
    let mut rows: Vec<Vec<String>> = phases
        .statements
        .iter()
        .map(|of| {
            let open = match of.undecided {
                0 => String::new(),
                open => format!(", {open} undecided"),
            };
            vec![
                of.in_words(),
                of.runs.to_string(),
                format!("{} of {}{open}", of.as_assumed, of.changes),
                share(of),
                test(of.test.as_ref()),
            ]
        })
        .collect();
    rows.push(match phases.contrast {
        Some(contrast) => vec![
            "λ_H grows more often where SGD is stable".to_owned(),
            contrast.runs.to_string(),
            "share where stable less share where not".to_owned(),
            significant(contrast.difference, 2),
            test(contrast.test.as_ref()),
        ],
        None => vec![
            "λ_H grows more often where SGD is stable".to_owned(),
            "0".to_owned(),
            "absent: no run has changes in both phases".to_owned(),
            ABSENT.to_owned(),
            ABSENT.to_owned(),
        ],
    });
    rows
}

/// `5 of 5, p 0.031 (at least 0.031)`.
fn test(test: Option<&SignTest>) -> String {
    let Some(test) = test else {
        return ABSENT.to_owned();
    };
    format!(
        "{} of {}, p {} (smallest {})",
        test.above,
        test.above + test.below,
        p_value(test.p_value),
        p_value(test.smallest_p_value)
    )
}

fn over_seeds(found: &OverSeeds) -> String {
    let mean = significant(found.mean, 3);
    match found.interval {
        Some([low, high]) => format!("{mean} [{}, {}]", significant(low, 3), significant(high, 3)),
        None => mean,
    }
}

fn runs_and_seeds(found: &OverSeeds) -> String {
    format!("{} runs of {} seeds", found.runs, found.seeds)
}

const RUN_HEADS: [&str; 7] = [
    "Run",
    "A1: median R²; c/λ_H",
    "A2: |cos|",
    "A2: α; slope",
    "A4: λ_H grows, ψ falls",
    "A3: λ_H falls, ψ grows",
    "First ΔL < 0; Eq. 1",
];

fn per_run(one: &Assumptions) -> Vec<Vec<String>> {
    let mut names: Vec<&str> = Vec::new();
    let of_phases = one
        .phases
        .found()
        .map(|phases| phases.statements.as_slice());
    let phases = of_phases
        .unwrap_or_default()
        .iter()
        .flat_map(|s| &s.per_run);
    let all = phases
        .map(|run| run.run.as_str())
        .chain(
            one.proxy
                .found()
                .into_iter()
                .flat_map(|p| &p.per_run)
                .map(|r| r.run.as_str()),
        )
        .chain(
            one.quadratic
                .found()
                .into_iter()
                .flat_map(|q| &q.per_run)
                .map(|r| r.run.as_str()),
        )
        .chain(
            one.proportionality
                .found()
                .into_iter()
                .flat_map(|p| &p.per_run)
                .map(|r| r.run.as_str()),
        );
    let mut known = std::collections::HashSet::new();
    names.extend(all.filter(|name| known.insert(*name)));
    names.sort_unstable();
    names.iter().map(|name| run_row(one, name)).collect()
}

fn run_row(one: &Assumptions, name: &str) -> Vec<String> {
    let absent = || ABSENT.to_owned();
    let quadratic = one
        .quadratic
        .found()
        .and_then(|q| q.per_run.iter().find(|r| r.run == name));
    let cosine = one
        .colinearity
        .found()
        .and_then(|c| c.per_run.iter().find(|(run, _)| run == name));
    let ratio = one.proportionality.found();
    let ratio = ratio.and_then(|p| p.per_run.iter().find(|r| r.run == name));
    let steps = one
        .proxy
        .found()
        .and_then(|p| p.per_run.iter().find(|r| r.run == name));
    let phase = |assumption: u8| {
        let statements = one.phases.found().map(|phases| phases.statements.iter());
        let shares: Vec<String> = statements
            .into_iter()
            .flatten()
            .filter(|statement| statement.assumption == assumption)
            .map(|statement| {
                let run = statement.per_run.iter().find(|run| run.run == name);
                run.map_or_else(absent, |run| format!("{}/{}", run.as_assumed, run.changes))
            })
            .collect();
        match shares.is_empty() {
            true => absent(),
            false => shares.join(", "),
        }
    };
    let step = |step: Option<u64>| step.map_or("never".to_owned(), |step| step.to_string());
    vec![
        name.to_owned(),
        quadratic.map_or_else(absent, |run| {
            format!(
                "{}; {}",
                significant(run.median_r2, 4),
                significant(run.median_curvature_ratio, 3)
            )
        }),
        cosine.map_or_else(absent, |(_, median)| significant(*median, 3)),
        ratio.map_or_else(absent, |run| {
            let slope = run.slope.map_or_else(absent, |slope| significant(slope, 2));
            format!("{}; {slope}", significant(run.alpha, 3))
        }),
        phase(4),
        phase(3),
        steps.map_or_else(absent, |run| {
            format!("{}; {}", step(run.proxy), step(run.criterion))
        }),
    ]
}
