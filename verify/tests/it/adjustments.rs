//! Hypotheses about the same runs, and values that turn.

use std::fmt::Write as _;

use breakeven_verify::report;
use breakeven_verify::verdict::Verdict;

use crate::designs::{LEVELS, judged};

/// 3, 1, 2 in nine seeds: a trend downwards by Page's test, and no fall.
#[test]
fn values_that_turn_have_no_verdict_and_the_reason_says_where() {
    let mut text = "seed,lr,batch_size,max_lambda_h".to_owned();
    for seed in 0..9 {
        for (eta, value) in LEVELS.iter().zip([3, 1, 2]) {
            write!(text, "\n{seed},{eta},64,{value}").unwrap();
        }
    }
    let verdicts = judged(&text);
    let h = &verdicts.hypotheses[0];
    assert!(h.p_adjusted.unwrap() < 0.035, "{:?}", h.p_adjusted);
    assert_eq!(h.verdict, Verdict::Inconclusive);
    assert_eq!(
        h.reason,
        "The values turn: from η = 0.03 to 0.1 they go against the trend of all levels in 9 of 9 \
         seeds (sign test, p 0.002), so that “falls” describes them badly."
    );
    let json = serde_json::to_value(h).unwrap();
    assert_eq!(json["turns"]["between"], serde_json::json!([0.03, 0.1]));
    assert!(report::terminal(&verdicts).contains("the values turn from 0.03 to 0.1"));
}

/// Eight quantities at two levels of five seeds, all in order: 2⁻⁵ each, and
/// together. Holm's adjustment would leave none.
#[test]
fn two_levels_of_five_seeds_decide_quantities_of_the_same_runs() {
    let names = ["lambda_k", "lambda_h", "trace_k", "trace_h"];
    let mut text = "seed,lr,batch_size".to_owned();
    for name in names {
        write!(text, ",max_{name},at_accuracy_{name}").unwrap();
    }
    for seed in 0..5 {
        for eta in [0.01, 0.1] {
            write!(text, "\n{seed},{eta},64").unwrap();
            for column in 0..8 {
                write!(text, ",{}", (column + 1) as f64 / eta).unwrap();
            }
        }
    }
    let verdicts = judged(&text);
    for h in &verdicts.hypotheses {
        assert!((h.p_adjusted.unwrap() - 1.0 / 32.0).abs() < 1e-15);
        assert!((h.p_holm.unwrap() - 8.0 / 32.0).abs() < 1e-15);
        assert_eq!(h.verdict, Verdict::Supported);
    }
}
