//! The comparison for a terminal.

use super::{Against, Method};
use breakeven_plot::number::significant;

/// What changed, and what was compared.
pub fn terminal(against: &Against) -> String {
    let mut text = format!(
        "\nAgainst the baseline (breakeven {}, {} hypotheses, {} runs): {}\n",
        against.baseline.version,
        against.baseline.hypotheses,
        against.baseline.runs,
        against.in_words()
    );
    for hypothesis in &against.hypotheses {
        for change in hypothesis.changes() {
            text += &format!("  {}: {change}\n", hypothesis.id);
        }
    }
    for run in &against.runs.counted_otherwise {
        text += &format!("  {}\n", run.in_words());
    }
    for sentence in compared(against) {
        text += &format!("  {sentence}\n");
    }
    for note in &against.notes {
        text += &format!("  note: {note}\n");
    }
    text
}

/// What was compared, and how, in sentences.
pub fn compared(against: &Against) -> Vec<String> {
    let effects = || {
        let hypotheses = against.hypotheses.iter();
        hypotheses.flat_map(|h| h.levels.iter().chain(&h.log_slope))
    };
    let by = |method: Method| effects().filter(|e| e.method == method).count();
    let counts = [
        (by(Method::Identical), "the same"),
        (by(Method::PairedT), "by pairs of the same seed"),
        (by(Method::WelchT), "by Welch's test"),
        (by(Method::ConstantShift), "shifted in every seed alike"),
        (by(Method::TooFewSeeds), "not comparable, for want of seeds"),
    ];
    let said: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, how)| format!("{count} {how}"))
        .collect();
    let runs = &against.runs;
    let mut of_runs = match runs.shared {
        0 => "no run is in both".to_owned(),
        shared => format!(
            "of {shared} runs in both, {} have exactly the same values",
            runs.identical
        ),
    };
    for (count, what) in [(runs.new, "new"), (runs.gone, "gone")] {
        if count > 0 {
            of_runs += &format!("; {what}: {count}");
        }
    }
    let mut sentences = vec![of_runs];
    if !said.is_empty() {
        sentences.push(format!(
            "level means and slopes: {}; moved means p ≤ {} after Holm over {} comparisons",
            said.join(", "),
            significant(against.alpha, 3),
            against.comparisons
        ));
    }
    sentences
}
