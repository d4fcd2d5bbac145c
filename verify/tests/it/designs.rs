//! What a design can decide, and the sentences about it.

use std::fmt::Write as _;
use std::path::Path;

use breakeven_verify::hypothesis::Hypothesis;
use breakeven_verify::report::{self, ReportContext};
use breakeven_verify::settings::Adjustment;
use breakeven_verify::verdict::Verdict;
use breakeven_verify::westfall_young::resolution;
use breakeven_verify::{Sweep, Verdicts, VerifySettings, parse_table, verify};

pub const LEVELS: [f64; 5] = [0.01, 0.03, 0.1, 0.3, 1.0];

fn read(table: &str) -> Sweep {
    let settings = VerifySettings::default();
    parse_table(Path::new("design.csv"), table.as_bytes(), settings).unwrap()
}

/// Both quantities, which fall with η in every seed but where `turned` says.
pub fn falling(seeds: usize, levels: usize, turned: impl Fn(usize) -> bool) -> String {
    let mut text = "seed,lr,batch_size,max_lambda_h,max_trace_h".to_owned();
    for seed in 0..seeds {
        for (place, eta) in LEVELS[..levels].iter().enumerate() {
            let place = if turned(seed) { place } else { levels - place };
            let value = (1.0 + seed as f64 / 100.0) * (1 + place) as f64;
            write!(text, "\n{seed},{eta},64,{value},{value}").unwrap();
        }
    }
    text
}

pub fn judged(table: &str) -> Verdicts {
    verify(&[read(table)]).unwrap()
}

fn all_as_expected(seeds: usize, levels: usize) -> Hypothesis {
    judged(&falling(seeds, levels, |_| false)).hypotheses[0].clone()
}

/// With `seeds_needed` seeds the clearest outcome is supported, with one fewer
/// it is not: whatever the levels and the seeds at hand.
#[test]
fn the_seeds_that_would_do_are_the_fewest_that_do() {
    for levels in 2..=5 {
        for seeds in 1..=7 {
            let found = all_as_expected(seeds, levels);
            let needed = found.seeds_needed.unwrap();
            assert_eq!(found.decidable, seeds >= needed, "{seeds} of {levels}");
            assert_eq!(found.verdict == Verdict::Supported, found.decidable);
            let enough = all_as_expected(needed, levels);
            assert_eq!(enough.verdict, Verdict::Supported, "{}", enough.reason);
            let fewer = all_as_expected(needed - 1, levels);
            assert_eq!(fewer.verdict, Verdict::Inconclusive, "{}", fewer.reason);
            // In the clearest outcome nothing smaller was possible.
            if seeds >= 3 {
                let over = found.p_adjusted.unwrap() / found.smallest_p_adjusted.unwrap();
                let orders: f64 = (1..=levels).map(|k| k as f64).product();
                // Of drawn rearrangements a few may be the same.
                let most = if resolution(orders.powi(seeds as i32)) == 0.0 {
                    1.0
                } else {
                    6.0
                };
                assert!((0.999_999..=most * 1.000_001).contains(&over), "{over}");
            }
        }
    }
}

#[test]
fn fewer_than_three_seeds_never_give_a_verdict() {
    for turned in [false, true] {
        for seeds in [1, 2] {
            let table = falling(seeds, 5, |_| turned);
            for h in judged(&table).hypotheses {
                assert_eq!(h.verdict, Verdict::Inconclusive);
                assert!(!h.decidable);
                assert_eq!(h.seeds_needed, Some(3));
                let have = if seeds == 1 { "1 has" } else { "2 have" };
                let said = format!(
                    "Fewer than three seeds never give a verdict, and {have} every level; 3 seeds \
                     would do."
                );
                assert!(h.reason.starts_with(&said), "{}", h.reason);
            }
        }
    }
}

/// 100 seeds of three levels, of which 40 are in order: 18 would be a sentence
/// about chance.
#[test]
fn seeds_in_order_are_counted() {
    let mut text = "seed,lr,batch_size,max_lambda_h".to_owned();
    for seed in 0..100 {
        // 40 in order, 30 with the last two levels turned, 30 with the first two.
        let values =
            [[3, 2, 1], [3, 1, 2], [2, 3, 1]][usize::from(seed >= 40) + usize::from(seed >= 70)];
        for (eta, value) in LEVELS.iter().zip(values) {
            write!(text, "\n{seed},{eta},64,{value}").unwrap();
        }
    }
    let h = judged(&text).hypotheses[0].clone();
    assert_eq!(h.verdict, Verdict::Supported);
    assert_eq!(h.seeds_in_order, 40);
    // SciPy 1.17.1: binomtest(40, 100).proportion_ci(0.95, "exact").
    let [low, high] = h.seeds_in_order_interval.unwrap();
    assert!((low - 0.3032948).abs() < 1e-6 && (high - 0.5027908).abs() < 1e-6);
    assert_eq!(
        h.reason,
        "40 of 100 seeds are in the expected order (40 %; 95 % interval 30 to 50 %; by chance 17 \
         %); L is 1340 of at most 1400."
    );
    let said = report::terminal(&judged(&text));
    assert!(said.contains("40 of 100 seeds in order"), "{said}");
    assert!(!said.contains(" all "), "{said}");
}

/// The p beside 'refuted' is the one that the verdict rests on.
#[test]
fn a_refuted_claim_shows_the_p_of_the_opposite_trend() {
    let sweeps = [read(&falling(5, 3, |_| true))];
    let verdicts = verify(&sweeps).unwrap();
    for h in &verdicts.hypotheses {
        assert_eq!(h.verdict, Verdict::Refuted);
    }
    let terminal = report::terminal(&verdicts);
    let row = terminal.lines().find(|line| line.contains("✗")).unwrap();
    assert!(row.contains("p 0.00013"), "{row}");
    let legend =
        "Of a refuted claim it is that of the opposite trend, and needs to be at most 0.015.";
    assert!(terminal.contains(legend));
    let text = report::markdown(&verdicts, &sweeps, &ReportContext::default());
    assert!(text.contains("refuted; the opposite's adjusted p 0.00013; the opposite trend"));
}

/// p = .005 before adjustment is a trend that did not last, not 'no trend'.
#[test]
fn a_trend_that_adjustment_takes_away_is_called_one() {
    let mut names = "seed,lr,batch_size".to_owned();
    for quantity in [
        "lambda_k",
        "lambda_h",
        "trace_k",
        "trace_h",
        "lambda_k_per_example",
    ] {
        for statistic in ["max", "at_accuracy"] {
            write!(names, ",{statistic}_{quantity}").unwrap();
        }
    }
    // Three seeds in order for the first quantity: 6⁻³ = 0.0046, times 10; one
    // seed fewer in order, with two levels turned: 3/216·… for the others.
    let mut text = names;
    for seed in 0..3 {
        for (place, eta) in LEVELS[..3].iter().enumerate() {
            write!(text, "\n{seed},{eta},64,{}", 3 - place).unwrap();
            for other in 1..10 {
                let value = [[1, 3, 2], [2, 1, 3], [3, 1, 2]][(seed + other) % 3][place];
                write!(text, ",{value}").unwrap();
            }
        }
    }
    let settings = VerifySettings {
        alpha: 0.02, // 0.014 for the claims
        adjustment: Some(Adjustment::Holm),
        ..VerifySettings::default()
    };
    let sweep = parse_table(Path::new("design.csv"), text.as_bytes(), settings).unwrap();
    let verdicts = verify(&[sweep]).unwrap();
    let h = verdicts
        .hypotheses
        .iter()
        .find(|h| h.seeds_in_order == 3)
        .unwrap();
    assert_eq!(h.verdict, Verdict::Inconclusive);
    assert!(
        h.reason.contains(
            "The expected trend has p 0.0046, which is not significant after adjustment for 10 \
             hypotheses: 0.046."
        ),
        "{}",
        h.reason
    );
    assert!(
        h.reason.contains(
            "No outcome of these 3 seeds would be a verdict: with 3 levels they reach p = 0.0046 \
             at best, 0.046 after adjustment for 10 hypotheses; 4 seeds would do."
        ),
        "{}",
        h.reason
    );
    assert!(!report::terminal(&verdicts).contains("No trend"));
}

/// Ties at hand can make a design that would decide one that cannot.
#[test]
fn ties_count_in_what_could_pass() {
    let mut text = "seed,lr,batch_size,max_lambda_h".to_owned();
    for seed in 0..5 {
        // Three seeds tie throughout; of two, one order of three is left.
        let values = if seed < 3 { [2, 2, 2] } else { [2, 2, 1] };
        for (eta, value) in LEVELS.iter().zip(values) {
            write!(text, "\n{seed},{eta},64,{value}").unwrap();
        }
    }
    let h = judged(&text).hypotheses[0].clone();
    assert!((h.smallest_p_value.unwrap() - 1.0 / 9.0).abs() < 1e-12);
    assert!(!h.decidable);
    // 1/9·1/6 = 0.019.
    assert_eq!(h.seeds_needed, Some(6));
    assert!(
        h.reason
            .contains("with 3 levels, given their ties, they reach p = 0.11"),
        "{}",
        h.reason
    );
}

/// 14 levels: nothing is called exact that is a limit.
#[test]
fn a_normal_limit_is_called_one() {
    let mut text = "seed,lr,batch_size,max_lambda_h,max_trace_h".to_owned();
    for seed in 0..3 {
        for place in 0..13 {
            let in_order = 20 - place;
            // The first two levels are turned.
            let turned = [18, 19].get(place).copied().unwrap_or(20 - place);
            write!(
                text,
                "\n{seed},{},64,{in_order},{turned}",
                (1 + place) as f64 / 100.0
            )
            .unwrap();
        }
    }
    let sweeps = [read(&text)];
    let verdicts = verify(&sweeps).unwrap();
    let json = serde_json::to_value(&verdicts).unwrap();
    let [exact, limit] = [&json["hypotheses"][0], &json["hypotheses"][1]];
    assert_eq!(
        (&exact["method"], &limit["method"]),
        (&"exact".into(), &"normal".into())
    );
    // 13!⁻³.
    let p = exact["p_value"].as_f64().unwrap();
    assert!((p * 6_227_020_800.0_f64.powi(3) - 1.0).abs() < 1e-9);
    assert_eq!(limit["p_value"], limit["normal_p_value"]);
    let text = report::markdown(&verdicts, &sweeps, &ReportContext::default());
    assert!(text.contains("but where it is called a normal limit"));
    assert!(text.contains("(normal limit)"));
    let few = [read(&falling(5, 3, |_| false))];
    let text = report::markdown(&verify(&few).unwrap(), &few, &ReportContext::default());
    assert!(!text.contains("normal limit"));
}

fn by_batch_size(columns: &str, cells: impl Fn(usize) -> String) -> Sweep {
    let mut text = format!("seed,lr,batch_size,max_lambda_k,max_lambda_h{columns}");
    for seed in 0..5 {
        for (place, size) in [16, 64, 256].into_iter().enumerate() {
            let value = 1.0 + (place + seed) as f64;
            write!(text, "\n{seed},0.1,{size},{value},{value}{}", cells(size)).unwrap();
        }
    }
    read(&text)
}

#[test]
fn mini_batches_that_differ_or_may_differ_give_no_verdict_on_k() {
    let of_k = |sweep: Sweep| {
        let verdicts = verify(&[sweep]).unwrap();
        let h = &verdicts.hypotheses;
        assert_eq!(h[1].verdict, Verdict::Supported, "λ_H: {}", h[1].reason);
        (
            h[0].verdict,
            h[0].reason.clone(),
            h[0].seeds_needed,
            verdicts.notes,
        )
    };
    let both = ",batches,covariance_batch_size";
    let (verdict, reason, needed, notes) = of_k(by_batch_size(both, |s| format!(",25,{s}")));
    assert_eq!((verdict, needed), (Verdict::Inconclusive, None));
    assert!(
        reason.contains("K^M was measured with different L or M"),
        "{reason}"
    );
    assert!(notes.iter().all(|n| !n.contains("K^M")), "{notes:?}");

    let (verdict, ..) = of_k(by_batch_size(both, |s| format!(",{},128", 9 + s)));
    assert_eq!(verdict, Verdict::Inconclusive);
    let (verdict, _, _, notes) = of_k(by_batch_size(both, |_| ",25,128".to_owned()));
    assert_eq!(verdict, Verdict::Supported);
    assert!(notes.iter().all(|n| !n.contains("K^M")), "{notes:?}");

    // Nothing known: where S varies M may be S.
    let (verdict, reason, _, notes) = of_k(by_batch_size("", |_| String::new()));
    assert_eq!(verdict, Verdict::Inconclusive);
    assert!(reason.contains("--same-covariance"), "{reason}");
    assert!(
        notes
            .iter()
            .any(|n| n.contains("L and M of K^M are not known")),
        "{notes:?}"
    );
    // M alone is enough, L goes into the note.
    let (verdict, _, _, notes) = of_k(by_batch_size(",covariance_batch_size", |_| {
        ",128".to_owned()
    }));
    assert_eq!(verdict, Verdict::Supported);
    assert!(
        notes.iter().any(|n| n.contains("not known for every run")),
        "{notes:?}"
    );

    let vouched_for = |sweep| Sweep {
        same_covariance: true,
        ..sweep
    };
    let (verdict, _, _, notes) = of_k(vouched_for(by_batch_size("", |_| String::new())));
    assert_eq!(verdict, Verdict::Supported);
    assert!(
        notes
            .iter()
            .any(|n| n.contains("as --same-covariance says")),
        "{notes:?}"
    );
    // A word does not outweigh what the table says.
    let (verdict, ..) = of_k(vouched_for(by_batch_size(both, |s| format!(",25,{s}"))));
    assert_eq!(verdict, Verdict::Inconclusive);
}

/// Five seeds in order, by differences of 10 %.
#[test]
fn errors_beside_the_values_decide_what_is_told_apart() {
    let with_error = |share: f64| {
        let mut text = "seed,lr,batch_size,max_lambda_h,max_lambda_h_error".to_owned();
        for seed in 0..5 {
            for (place, eta) in LEVELS[..3].iter().enumerate() {
                let value = 10.0 * 0.9_f64.powi((place + seed) as i32);
                write!(text, "\n{seed},{eta},64,{value},{}", share * value).unwrap();
            }
        }
        judged(&text).hypotheses[0].clone()
    };
    let fine = with_error(0.01);
    assert_eq!((fine.verdict, fine.tied_blocks), (Verdict::Supported, 0));
    let coarse = with_error(0.08);
    assert_eq!(
        (coarse.verdict, coarse.tied_blocks),
        (Verdict::Inconclusive, 5)
    );
    assert_eq!(coarse.p_value, Some(1.0));
    assert_eq!(coarse.log_slope, Some(0.0));
}

#[test]
fn zeros_up_to_their_error_are_not_tested() {
    // The trend of the values is perfect, and all of it is rounding.
    let table = |error: f64| {
        let mut text = "seed,lr,batch_size,max_lambda_k,max_lambda_k_error".to_owned();
        for seed in 0..5 {
            for (level, rate) in [0.01, 0.03, 0.1].iter().enumerate() {
                let value = 1e-14 * (3 - level) as f64;
                text += &format!("\n{seed},{rate},8,{value:e},{error:e}");
            }
        }
        judged(&text).hypotheses[0].clone()
    };
    let tested = table(1e-16);
    assert_eq!(tested.verdict, Verdict::Supported);
    let zeros = table(1e-12);
    assert_eq!(zeros.verdict, Verdict::Inconclusive);
    assert_eq!((zeros.p_value, zeros.p_adjusted), (None, None));
    assert!(!zeros.decidable && zeros.seeds_needed.is_none());
    assert_eq!(
        zeros.reason,
        "Not tested: λ_K is zero in every run, up to its stated error."
    );
}
