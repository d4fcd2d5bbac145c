//! Seeds that lack levels, seeds with one level each, and runs that don't count.

use std::fmt::Write as _;
use std::path::Path;

use breakeven_verify::quantity::PerRun;
use breakeven_verify::report::{self, ReportContext};
use breakeven_verify::trend::{Method, TrendTest};
use breakeven_verify::verdict::Verdict;
use breakeven_verify::{Verdicts, VerifySettings, parse_table, verify};

use crate::designs::{LEVELS, falling, judged};

/// Nine seeds with two of three levels each, all in order: 2⁻⁹.
#[test]
fn nine_seeds_with_two_of_three_levels_are_tested() {
    let mut text = "seed,lr,batch_size,max_lambda_h".to_owned();
    for seed in 0..9 {
        for (place, eta) in LEVELS[..3].iter().enumerate() {
            if place != seed % 3 {
                write!(text, "\n{seed},{eta},64,{}", 10 * seed + 9 - place).unwrap();
            }
        }
    }
    let verdicts = judged(&text);
    let h = &verdicts.hypotheses[0];
    assert_eq!(h.test, Some(TrendTest::IncompleteBlocks));
    assert!((h.p_value.unwrap() - 2.0_f64.powi(-9)).abs() < 1e-15);
    assert_eq!(h.p_adjusted, h.p_value);
    assert_eq!(
        (h.method, h.verdict),
        (Some(Method::Exact), Verdict::Supported)
    );
    // Each pair is in order: 9 seeds of 1·1 + 2·2, 1·1 + 3·2 or 2·1 + 3·2.
    assert_eq!(h.page_l, Some(3.0 * (5.0 + 7.0 + 8.0)));
    assert_eq!(h.page_l, h.page_l_largest);
    assert_eq!(h.seeds_in_order, 9);
    assert_eq!(h.missing_runs, None, "they were never made");
    assert!(verdicts.excluded.is_empty());
    let json = serde_json::to_value(h).unwrap();
    assert_eq!(json["test"], "incomplete_blocks");
    assert_eq!(json["levels_of_seeds"][0], serde_json::json!([0.03, 0.1]));
    assert_eq!(
        h.reason,
        "All 9 seeds are in the expected order (9 of them among the levels that they have)."
    );
}

/// Four seeds at each of three levels, all in order: one in 12!/4!³ = 34,650.
#[test]
fn seeds_with_one_level_each_are_tested_by_jonckheere_and_terpstra() {
    let mut text = "seed,lr,batch_size,max_lambda_h,max_trace_h".to_owned();
    for seed in 0..12 {
        let (place, value) = (
            seed % 3,
            100.0 - 10.0 * (seed % 3) as f64 + (seed / 3) as f64,
        );
        write!(
            text,
            "\n{seed},{},64,{value},{}",
            LEVELS[place],
            2.0 * value
        )
        .unwrap();
    }
    let sweeps = [read(&text, VerifySettings::default())];
    let verdicts = verify(&sweeps).unwrap();
    for h in &verdicts.hypotheses {
        assert_eq!(h.test, Some(TrendTest::JonckheereTerpstra));
        assert!((h.p_value.unwrap() * 34_650.0 - 1.0).abs() < 1e-9);
        assert_eq!((h.statistic, h.statistic_largest), (Some(48.0), Some(48.0)));
        assert_eq!((h.page_l, h.page_l_largest), (None, None));
        assert_eq!(h.verdict, Verdict::Supported, "{}", h.reason);
        assert!(
            h.reason.starts_with(
                "The 12 runs, of a seed each, go in the expected direction: J is 48 of at most 48."
            ),
            "{}",
            h.reason
        );
        let effect = h.effect.as_ref().unwrap();
        assert_eq!((effect.seeds, effect.probability_of_superiority), (8, 0.0));
        assert!(h.log_slope.unwrap() < 0.0 && h.log_slope_interval.unwrap()[1] < 0.0);
        // As both go together they count once.
        assert!(h.p_adjusted.unwrap() < 6.0 / 20_000.0);
    }
    let markdown = report::markdown(&verdicts, &sweeps, &ReportContext::default());
    assert!(markdown.contains("Jonckheere and Terpstra's test compares all runs"));
    assert!(markdown.contains("J 48 / 48"));
    assert!(report::terminal(&verdicts).contains("12 runs of a seed each"));
}

/// Few runs of a seed each: what would decide is said.
#[test]
fn unpaired_runs_that_cannot_decide_say_so() {
    let mut text = "seed,lr,batch_size,max_lambda_h".to_owned();
    for seed in 0..4 {
        write!(
            text,
            "\n{seed},{},64,{}",
            LEVELS[seed % 2],
            9 - 5 * (seed % 2) + seed
        )
        .unwrap();
    }
    let h = judged(&text).hypotheses[0].clone();
    assert!((h.p_value.unwrap() - 1.0 / 6.0).abs() < 1e-15);
    assert!(!h.decidable);
    assert_eq!(h.seeds_needed, Some(5));
    assert!(
        h.reason.starts_with(
            "No outcome of these 4 seeds would be a verdict: with one of 2 levels each they reach \
             p = 0.17 at best, 0.17 after adjustment for 1 hypotheses; 5 seeds with every level \
             would do."
        ),
        "{}",
        h.reason
    );
}

fn read(table: &str, settings: VerifySettings) -> breakeven_verify::Sweep {
    parse_table(Path::new("unbalanced.csv"), table.as_bytes(), settings).unwrap()
}

/// Six seeds in order, of which the run at the largest η diverged in `diverged`.
fn with_diverged(diverged: usize) -> Verdicts {
    let mut text = "seed,lr,batch_size,converged,max_lambda_h".to_owned();
    for seed in 0..6 {
        for (place, eta) in LEVELS[..3].iter().enumerate() {
            let converged = place < 2 || seed >= diverged;
            write!(text, "\n{seed},{eta},64,{converged},{}", 9 - place).unwrap();
        }
    }
    judged(&text)
}

/// Two diverged at the largest η: had they had the largest values of their seeds,
/// L would be 4·14 + 2·11 = 78, and had they had the smallest, 84.
#[test]
fn runs_that_diverged_are_bounded() {
    let verdicts = with_diverged(2);
    let h = &verdicts.hypotheses[0];
    assert_eq!(
        (h.test, h.verdict),
        (Some(TrendTest::IncompleteBlocks), Verdict::Supported)
    );
    // 3!⁻⁴·2!⁻².
    assert!((h.p_value.unwrap() * 5184.0 - 1.0).abs() < 1e-9);
    let missing = h.missing_runs.as_ref().unwrap();
    assert_eq!((missing.count, missing.test), (2, TrendTest::Page));
    assert!((missing.p_most_favourable * 46_656.0 - 1.0).abs() < 1e-9);
    // SciPy 1.17.1: page_trend_test([[1, 2, 3]] * 4 + [[3, 1, 2]] * 2, method="exact").
    assert!(
        (missing.p_least_favourable - SCIPY_WORST).abs() < 1e-12,
        "{missing:?}"
    );
    let adjusted = missing.p_adjusted_least_favourable.unwrap();
    // Drawn from 46,656 rearrangements.
    assert!((adjusted - SCIPY_WORST).abs() < 0.004, "{adjusted}");
    let json = serde_json::to_value(h).unwrap();
    assert_eq!(json["missing_runs"]["count"], 2);
}
const SCIPY_WORST: f64 = 0.05716306584362139;

/// Three of six diverged: the verdict stays, and its reason says what it hangs on.
#[test]
fn a_verdict_that_missing_runs_could_take_away_says_so() {
    let verdicts = with_diverged(3);
    let h = &verdicts.hypotheses[0];
    assert_eq!(h.verdict, Verdict::Supported);
    assert!(
        h.reason.contains(
            "If the 3 runs that do not count had the ranks that speak most against it, the \
             adjusted p would be 0."
        ),
        "{}",
        h.reason
    );
    assert!(report::terminal(&verdicts).contains(" at worst"));
    assert!(
        !with_diverged(0).hypotheses[0]
            .reason
            .contains("do not count")
    );
}

/// Five seeds at two levels: λ_K with one seed against the trend, λ_H without.
fn judged_with_primary(primary: &[&str]) -> Verdicts {
    let mut text = "seed,lr,batch_size,max_lambda_k,max_lambda_h".to_owned();
    for seed in 0..5 {
        for (place, eta) in [0.01, 0.1].iter().enumerate() {
            let turned = if seed == 0 { 1 + place } else { 2 - place };
            write!(text, "\n{seed},{eta},64,{turned},{}", 2 - place).unwrap();
        }
    }
    let settings = VerifySettings {
        primary: primary
            .iter()
            .filter_map(|name| PerRun::from_name(name))
            .collect(),
        ..VerifySettings::default()
    };
    verify(&[read(&text, settings)]).unwrap()
}

#[test]
fn secondary_hypotheses_wait_for_primary_ones() {
    let adjusted = |verdicts: &Verdicts| -> Vec<f64> {
        verdicts
            .hypotheses
            .iter()
            .map(|h| h.p_adjusted.unwrap())
            .collect()
    };
    // 6/32 of λ_K, which has one seed against it, and 1/32 of λ_H.
    let gate_closed = judged_with_primary(&["max_lambda_k"]);
    assert_eq!(adjusted(&gate_closed), [6.0 / 32.0, 6.0 / 32.0]);
    assert_eq!(gate_closed.count(Verdict::Supported), 0);
    assert_eq!(gate_closed.hypotheses[1].p_holm, Some(6.0 / 32.0));
    let gate_open = judged_with_primary(&["max_lambda_h"]);
    assert_eq!(adjusted(&gate_open), [6.0 / 32.0, 1.0 / 32.0]);
    assert_eq!(gate_open.count(Verdict::Supported), 1);
    let json = serde_json::to_value(&gate_open.hypotheses).unwrap();
    assert_eq!(
        (&json[1]["primary"], json[0].get("primary")),
        (&true.into(), None)
    );
    // Together, the chance of any p of 1/32 among two that differ in a seed is more.
    let together = adjusted(&judged_with_primary(&[]));
    assert!(together[1] > 1.0 / 32.0, "{together:?}");
    let absent = judged_with_primary(&["max_trace_h"]);
    assert!(
        absent
            .notes
            .iter()
            .any(|note| note.contains("which no run has")),
        "{:?}",
        absent.notes
    );
}

/// One run at a fourth η: its seed is tested at four levels, the others at three.
#[test]
fn one_run_at_another_level_costs_nothing() {
    let table = falling(5, 3, |_| false) + "\n2,0.3,64,0.001,0.001";
    let verdicts = judged(&table);
    for h in &verdicts.hypotheses {
        assert_eq!(h.levels.len(), 4);
        assert_eq!(h.seeds, [0, 1, 2, 3, 4]);
        assert_eq!(h.verdict, Verdict::Supported);
        // 3!⁻⁴·4!⁻¹.
        assert!((h.p_value.unwrap() - 1.0 / (1296.0 * 24.0)).abs() < 1e-15);
        assert_eq!(
            h.reason,
            "All 5 seeds are in the expected order (4 of them among the levels that they have)."
        );
    }
    assert!(verdicts.excluded.is_empty());
}

/// A fourth η at which one of five runs counts: it is set aside, and not the seeds.
#[test]
fn a_level_at_which_nearly_all_runs_fail_is_set_aside() {
    let mut text = "seed,lr,batch_size,converged,max_lambda_h".to_owned();
    for seed in 0..5 {
        for (place, eta) in LEVELS[..4].iter().enumerate() {
            let converged = place < 3 || seed == 2;
            write!(text, "\n{seed},{eta},64,{converged},{}", 9 - place).unwrap();
        }
    }
    let verdicts = judged(&text);
    let h = &verdicts.hypotheses[0];
    assert_eq!((h.levels.len(), h.verdict), (3, Verdict::Supported));
    // Nothing is missing at the levels that are tested.
    assert_eq!(h.missing_runs, None);
    assert_eq!(
        h.reason,
        "All 5 seeds are in the expected order. Left out: η = 0.3 (1 of 5 seeds left at this \
         level: did not converge)."
    );
    let excluded = serde_json::to_value(&verdicts.excluded).unwrap();
    let level = excluded
        .as_array()
        .unwrap()
        .iter()
        .find(|e| e["scope"] == "level");
    assert_eq!(level.unwrap()["learning_rate"], 0.3);
}
