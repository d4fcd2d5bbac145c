//! Everything that the theory's view shows, in one answer: a slider that
//! moves asks once.

use serde_json::{Value, json};

use super::answer::Answer;
use super::query::Query;
use super::refusal::Refusal;
use super::setting::{self, Setting};
use super::{diagram, paths, theorems, trajectory};
use crate::simulate::threshold::{Answered, Rules};

/// The fields of `breakeven simulate threshold --json` for the first setting.
pub fn threshold(query: &Query) -> Result<Answer, Refusal> {
    Answer::of(answered(query, &setting::first(query)?)?)
}

fn answered(query: &Query, setting: &Setting) -> Result<Answered, Refusal> {
    let rules = Rules {
        momentum: query.real("momentum")?,
        weight_decay: query.real("weight_decay")?,
    };
    Ok(Answered::of(&setting.model, rules)?)
}

/// All of it; `thresholds` has one entry a setting. Paths have limits of their
/// own: where they can't be had, their error stands in their place.
pub fn answer(query: &Query) -> Result<Answer, Refusal> {
    let settings = setting::both(query)?;
    let thresholds = settings.iter().map(|setting| answered(query, setting));
    let thresholds: Vec<Answered> = thresholds.collect::<Result<_, _>>()?;
    let (diagram, trajectory) = (diagram::answer(query)?, trajectory::answer(query)?);
    let theorems = theorems::answer(query)?;
    let (paths, sampled) = match paths::answer(query) {
        Ok(paths) => (Value::Object(paths.fields), paths.figures),
        Err(refusal) if refusal.status == 400 => (json!({"error": refusal.message}), Vec::new()),
        Err(refusal) => return Err(refusal),
    };
    let figures = [diagram.figures, trajectory.figures, sampled].concat();
    let fields = json!({
        "thresholds": thresholds,
        "trajectory": trajectory.fields,
        "theorems": theorems.fields,
        "paths": paths,
    });
    Ok(Answer::of(fields)?.with(figures))
}
