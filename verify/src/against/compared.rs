//! One hypothesis then and now.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::baseline::{Baseline, BaselineError, EarlierHypothesis, EarlierRun};
use super::effect::{self, BySeed, Effect};
use crate::hypothesis::Hypothesis;
use crate::level::Level;
use crate::report::decisive_p;
use crate::summary::Reached;
use crate::verdict::Verdict;
use crate::verdicts::{SweepSummary, Verdicts};
use breakeven_plot::number::{exact, p_value, significant};

/// A hypothesis then and now.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// Its id.
    pub id: String,
    /// Whether it is in both answers.
    pub presence: Presence,
    /// The verdict of the baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict_before: Option<Verdict>,
    /// The verdict now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// The adjusted p-value that the baseline's verdict rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_before: Option<f64>,
    /// The same now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// Seeds of the baseline.
    pub seeds_before: usize,
    /// Seeds now.
    pub seeds: usize,
    /// Levels of the baseline that are no longer tested.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub levels_gone: Vec<f64>,
    /// Levels that the baseline did not test.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub levels_new: Vec<f64>,
    /// The mean of each level that both tested.
    pub levels: Vec<Effect>,
    /// The log slope, where both have one over the same levels.
    pub log_slope: Option<Effect>,
    /// Why the log slope was not compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_slope_absent: Option<String>,
}

/// Which answers a hypothesis is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Both.
    Both,
    /// This one alone.
    New,
    /// The baseline alone.
    Gone,
}

impl Compared {
    /// Whether both have a verdict, and not the same.
    pub fn verdict_moved(&self) -> bool {
        self.presence == Presence::Both && self.verdict_before != self.verdict
    }

    /// Whether both test it, but not on the same levels.
    pub fn levels_changed(&self) -> bool {
        !self.levels_gone.is_empty() || !self.levels_new.is_empty()
    }

    /// The effects that moved: levels first.
    pub fn moved(&self) -> impl Iterator<Item = &Effect> {
        let all = self.levels.iter().chain(&self.log_slope);
        all.filter(|effect| effect.moved)
    }

    /// Whether anything about it changed.
    pub fn is_changed(&self) -> bool {
        self.presence != Presence::Both
            || self.verdict_moved()
            || self.levels_changed()
            || self.moved().next().is_some()
    }

    /// Everything that changed, a sentence each.
    pub fn changes(&self) -> Vec<String> {
        let word = |verdict: Option<Verdict>| verdict.map_or("no verdict", Verdict::word);
        let mut changes = Vec::new();
        match self.presence {
            Presence::New => changes.push(format!("new, {}", word(self.verdict))),
            Presence::Gone => changes.push(format!("gone, was {}", word(self.verdict_before))),
            Presence::Both => {}
        }
        if self.verdict_moved() {
            changes.push(format!(
                "verdict moved from {} to {}{}",
                word(self.verdict_before),
                word(self.verdict),
                self.p_values()
            ));
        }
        for (levels, how) in [(&self.levels_gone, "gone"), (&self.levels_new, "new")] {
            if !levels.is_empty() {
                changes.push(format!("levels {how}: {}", listed(levels)));
            }
        }
        changes.extend(self.moved().map(Effect::in_words));
        changes
    }

    /// ` (p 0.012, then 0.3)`; nothing where either is absent.
    fn p_values(&self) -> String {
        match (self.p_before, self.p) {
            (Some(before), Some(now)) => {
                format!(" (p {}, then {})", p_value(before), p_value(now))
            }
            _ => String::new(),
        }
    }
}

impl Effect {
    /// `mean at η = 0.1: 0.61 → 0.92, ratio 1.5 [1.4, 1.6], adjusted p 0.0012`.
    pub fn in_words(&self) -> String {
        let shown = |value: f64| significant(value, 3);
        let mean = |mean: Option<f64>| mean.map_or("–".to_owned(), shown);
        let what = match self.level {
            Some(level) => format!("mean at {} = {level}", level.factor().symbol()),
            None => "log slope".to_owned(),
        };
        let (name, change, interval) = match (self.ratio, self.difference) {
            (Some(ratio), _) => ("ratio", Some(ratio), self.ratio_interval),
            (None, difference) => ("difference", difference, self.difference_interval),
        };
        let mut said = format!(
            "{what}: {} → {}",
            mean(self.before.mean),
            mean(self.now.mean)
        );
        if let Some(change) = change {
            said += &format!(", {name} {}", shown(change));
        }
        if let Some([low, high]) = interval {
            said += &format!(" [{}, {}]", shown(low), shown(high));
        }
        match self.p_adjusted {
            Some(p) => said + &format!(", adjusted p {}", p_value(p)),
            None => said + ", in every seed alike",
        }
    }
}

fn listed(levels: &[f64]) -> String {
    let words: Vec<String> = levels.iter().map(|l| exact(*l)).collect();
    words.join(", ")
}

/// All hypotheses of both answers.
pub(super) fn all(
    verdicts: &Verdicts,
    baseline: &Baseline,
    path: &Path,
    alpha: f64,
) -> Result<Vec<Compared>, BaselineError> {
    let earlier: BTreeMap<&str, &EarlierHypothesis> = baseline
        .hypotheses
        .iter()
        .map(|h| (h.id.as_str(), h))
        .collect();
    let mut found = Vec::new();
    for now in &verdicts.hypotheses {
        found.push(match earlier.get(now.id.as_str()) {
            Some(before) => Pair {
                before,
                now,
                verdicts,
                baseline,
                path,
            }
            .compared(alpha)?,
            None => new(now),
        });
    }
    let is_gone = |h: &&EarlierHypothesis| verdicts.hypotheses.iter().all(|now| now.id != h.id);
    found.extend(baseline.hypotheses.iter().filter(is_gone).map(gone));
    Ok(found)
}

fn new(now: &Hypothesis) -> Compared {
    Compared {
        id: now.id.clone(),
        presence: Presence::New,
        verdict_before: None,
        verdict: Some(now.verdict),
        p_before: None,
        p: decisive_p(now),
        seeds_before: 0,
        seeds: now.seeds.len(),
        levels_gone: Vec::new(),
        levels_new: Vec::new(),
        levels: Vec::new(),
        log_slope: None,
        log_slope_absent: None,
    }
}

fn gone(before: &EarlierHypothesis) -> Compared {
    Compared {
        id: before.id.clone(),
        presence: Presence::Gone,
        verdict_before: Some(before.verdict),
        verdict: None,
        p_before: before.decisive_p(),
        p: None,
        seeds_before: before.seeds.len(),
        seeds: 0,
        levels_gone: Vec::new(),
        levels_new: Vec::new(),
        levels: Vec::new(),
        log_slope: None,
        log_slope_absent: None,
    }
}

/// A hypothesis that is in both answers, and where its values are.
struct Pair<'a> {
    before: &'a EarlierHypothesis,
    now: &'a Hypothesis,
    verdicts: &'a Verdicts,
    baseline: &'a Baseline,
    path: &'a Path,
}

impl Pair<'_> {
    fn compared(&self, alpha: f64) -> Result<Compared, BaselineError> {
        let (before, now) = (self.before, self.now);
        let values: Vec<f64> = now.levels.iter().map(|level| level.value()).collect();
        let levels_gone = without(&before.levels, &values);
        let levels_new = without(&values, &before.levels);
        let is_same_levels = levels_gone.is_empty() && levels_new.is_empty();
        let shared = now.levels.iter();
        let shared: Vec<Level> = shared
            .copied()
            .filter(|level| before.levels.contains(&level.value()))
            .collect();
        let samples: Vec<(BySeed, BySeed)> = shared
            .iter()
            .map(|&level| Ok((self.values_before(level)?, self.values_now(level))))
            .collect::<Result<_, BaselineError>>()?;
        let levels = shared
            .iter()
            .zip(&samples)
            .filter(|(_, (before, now))| !before.is_empty() && !now.is_empty())
            .map(|(level, (before, now))| effect::of_level(*level, before, now, alpha))
            .collect();
        let (log_slope, log_slope_absent) = match is_same_levels {
            false => (None, Some("the levels are not the same".to_owned())),
            true => match self.log_slope(&shared, &samples, alpha) {
                Some(effect) => (Some(effect), None),
                None => (None, Some("not both answers have a log slope".to_owned())),
            },
        };
        Ok(Compared {
            id: now.id.clone(),
            presence: Presence::Both,
            verdict_before: Some(before.verdict),
            verdict: Some(now.verdict),
            p_before: before.decisive_p(),
            p: decisive_p(now),
            seeds_before: before.seeds.len(),
            seeds: now.seeds.len(),
            levels_gone,
            levels_new,
            levels,
            log_slope,
            log_slope_absent,
        })
    }

    fn log_slope(
        &self,
        levels: &[Level],
        samples: &[(BySeed, BySeed)],
        alpha: f64,
    ) -> Option<Effect> {
        self.before.log_slope?;
        self.now.log_slope?;
        let blocks = |of: fn(&(BySeed, BySeed)) -> &BySeed, seeds: &[u64]| {
            let block = |seed: &u64| {
                let values = samples.iter().map(|pair| of(pair).get(seed).copied());
                Some((*seed, values.collect::<Option<Vec<Reached>>>()?))
            };
            seeds.iter().map(block).collect::<Option<BTreeMap<_, _>>>()
        };
        let before = blocks(|pair| &pair.0, &self.before.seeds)?;
        let now = blocks(|pair| &pair.1, &self.now.seeds)?;
        effect::of_log_slope(levels, &before, &now, alpha)
    }

    /// The values at a level of the seeds that the baseline tested.
    fn values_before(&self, level: Level) -> Result<BySeed, BaselineError> {
        let runs: Vec<&EarlierRun> = self
            .baseline
            .summaries
            .iter()
            .filter(|run| run.converged && run.sweep == self.now.sweep && run.has(level))
            .filter(|run| self.now.fixed.levels().iter().all(|fixed| run.has(*fixed)))
            .collect();
        let value = |seed: &u64| {
            let of_seed = runs.iter().find(|run| run.seed == *seed);
            let reached = of_seed.and_then(|run| run.reached(self.now.quantity));
            let reached = reached.ok_or_else(|| BaselineError::Inconsistent {
                path: self.path.to_owned(),
                problem: format!(
                    "{} names seed {seed} at level {level}, and no run in summaries has its value",
                    self.before.id
                ),
            })?;
            Ok((*seed, reached))
        };
        let all_have_all = self.before.levels_of_seeds.is_empty();
        let has_level = |place: usize| {
            let levels = self.before.levels_of_seeds.get(place);
            all_have_all || levels.is_some_and(|of| of.contains(&level.value()))
        };
        let seeds = self.before.seeds.iter().enumerate();
        seeds
            .filter(|(place, _)| has_level(*place))
            .map(|(_, seed)| value(seed))
            .collect()
    }

    /// The same of the runs at hand.
    fn values_now(&self, level: Level) -> BySeed {
        let runs = self.verdicts.summaries.iter().filter(|summary| {
            let run = &summary.run;
            run.has_converged()
                && summary.sweep == self.now.sweep
                && level.is_of(run)
                && self.now.fixed.is_of(run)
                && self.now.seeds.contains(&run.seed)
        });
        let value = |summary: &SweepSummary| {
            let reached = summary.run.values.get(&self.now.quantity)?;
            Some((summary.run.seed, *reached))
        };
        runs.filter_map(value).collect()
    }
}

/// The numbers of the first list that the second lacks.
fn without(these: &[f64], those: &[f64]) -> Vec<f64> {
    let lacks = |value: &&f64| !those.contains(value);
    these.iter().filter(lacks).copied().collect()
}
