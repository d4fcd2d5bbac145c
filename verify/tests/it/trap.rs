//! The known trap: maxima at step 0 tie between levels and say nothing.

use std::path::Path;

use breakeven_verify::hypothesis::Hypothesis;
use breakeven_verify::verdict::Verdict;
use breakeven_verify::{Verdicts, VerifySettings, parse_table, verify};

/// Five seeds in order for λ_K; λ*/λ tied at its initial value in all but the
/// last level of the last seed.
const TABLE: &str = "\
seed,learning_rate,batch_size,converged,max_lambda_k,max_lambda_k_step,max_condition_k,max_condition_k_step
0,0.01,64,true,1.86,120,0.31,0
0,0.03,64,true,1.34,120,0.31,0
0,0.1,64,true,0.61,60,0.31,0
1,0.01,64,true,1.90,120,0.29,0
1,0.03,64,true,1.31,120,0.29,0
1,0.1,64,true,0.66,60,0.29,0
2,0.01,64,true,1.80,120,0.33,0
2,0.03,64,true,1.38,120,0.33,0
2,0.1,64,true,0.60,60,0.33,0
3,0.01,64,true,1.88,120,0.28,0
3,0.03,64,true,1.35,120,0.28,0
3,0.1,64,true,0.58,60,0.28,0
4,0.01,64,true,1.84,120,0.30,0
4,0.03,64,true,1.33,120,0.30,0
4,0.1,64,true,0.62,60,0.32,600
";

fn verdicts(table: &str) -> Verdicts {
    let settings = VerifySettings::default();
    verify(&[parse_table(Path::new("trap.csv"), table.as_bytes(), settings).unwrap()]).unwrap()
}

fn of<'a>(verdicts: &'a Verdicts, quantity: &str) -> &'a Hypothesis {
    let is_it = |h: &&Hypothesis| h.quantity.to_string() == quantity;
    verdicts.hypotheses.iter().find(is_it).unwrap()
}

#[test]
fn five_seeds_in_order_have_the_reference_l_and_p() {
    let verdicts = verdicts(TABLE);
    let h = of(&verdicts, "max_lambda_k");
    assert_eq!(h.page_l, Some(70.0));
    // 6⁻⁵, as SciPy 1.17.1 has it.
    assert!((h.p_value.unwrap() - 0.00012860082304526747).abs() < 1e-15);
    // The ties of the other hypothesis leave it no p as small.
    assert!((h.p_adjusted.unwrap() - h.p_value.unwrap()).abs() < 1e-18);
    assert_eq!(h.p_holm, h.p_value.map(|p| 2.0 * p));
    assert!((h.opposite_p_value.unwrap() - 1.0).abs() < 1e-12);
    assert_eq!(h.verdict, Verdict::Supported);
    assert_eq!(h.reason, "All 5 seeds are in the expected order.");
    assert_eq!(h.seeds, [0, 1, 2, 3, 4]);
    assert_eq!((h.tied_blocks, h.step_zero_blocks), (0, Some(0)));
}

#[test]
fn a_tie_at_step_0_is_inconclusive_and_the_reason_says_so() {
    let verdicts = verdicts(TABLE);
    let h = of(&verdicts, "max_condition_k");
    assert_eq!(h.verdict, Verdict::Inconclusive);
    assert_eq!((h.tied_blocks, h.step_zero_blocks), (5, Some(5)));
    // Four seeds tie throughout. In the last, two levels tie below the third:
    // one of three orders.
    assert!((h.p_value.unwrap() - 1.0 / 3.0).abs() < 1e-15);
    assert_eq!(
        h.reason,
        "Ties at step 0: in 5 of 5 seeds the maximum of several levels sits at step 0, where they share their \
         weights, and says nothing about η. No outcome of these 5 seeds would be a verdict: with 3 \
         levels, given their ties, they reach p = 0.33 at best, 0.33 after adjustment for 2 \
         hypotheses; 7 seeds would do, if the further ones do not tie. No significant trend at alpha 0.05: p 0.33, adjusted 0.33."
    );
}

#[test]
fn values_at_step_0_count_as_ties_though_their_digits_differ() {
    let rounded = TABLE.replace(
        "0.03,64,true,1.34,120,0.31,0",
        "0.03,64,true,1.34,120,0.3100001,0",
    );
    let (rounded, exact) = (verdicts(&rounded), verdicts(TABLE));
    let of_both = [&rounded, &exact].map(|verdicts| {
        let h = of(verdicts, "max_condition_k");
        (h.p_value, h.page_l, h.tied_blocks)
    });
    assert_eq!(of_both[0], of_both[1]);
}

#[test]
fn two_seeds_are_too_few_and_the_reason_says_how_many_are_enough() {
    let two: Vec<&str> = TABLE.lines().take(7).collect();
    let verdicts = verdicts(&two.join("\n"));
    let h = of(&verdicts, "max_lambda_k");
    assert_eq!(h.verdict, Verdict::Inconclusive);
    // 6⁻³ times 2 = 0.009.
    assert_eq!(
        h.reason,
        "Fewer than three seeds never give a verdict, and 2 have every level; 3 seeds would do."
    );
}

#[test]
fn levels_and_seeds_without_a_run_that_counts_are_dropped_and_listed() {
    let table = TABLE
        .replace("0.1,64,true", "0.1,64,false")
        .replace("3,0.03,64,true", "3,0.03,64,false");
    let verdicts = verdicts(&table);
    let h = of(&verdicts, "max_lambda_k");
    assert_eq!(
        serde_json::to_value(&h.levels).unwrap(),
        serde_json::json!([0.01, 0.03])
    );
    assert_eq!(h.seeds, [0, 1, 2, 4]);
    // The sign test of four seeds: 2⁻⁴.
    assert_eq!(h.p_value, Some(0.0625));
    assert!(
        h.reason
            .contains("Left out: η = 0.1 (no seed is left at this level: did not converge)"),
        "{}",
        h.reason
    );
    assert!(
        h.reason
            .contains("seed 3 (η = 0.01 alone: η = 0.03: did not converge)"),
        "{}",
        h.reason
    );
    let excluded = serde_json::to_value(&verdicts.excluded).unwrap();
    let scopes: Vec<_> = excluded
        .as_array()
        .unwrap()
        .iter()
        .map(|e| &e["scope"])
        .collect();
    assert_eq!(
        scopes,
        ["run", "run", "run", "run", "run", "run", "level", "seed"]
    );
    assert_eq!(excluded[6]["learning_rate"], 0.1);
    assert_eq!(excluded[7]["seed"], 3);
    assert_eq!(excluded[7]["hypotheses"].as_array().unwrap().len(), 2);
}

#[test]
fn nothing_left_to_compare_is_inconclusive_without_numbers() {
    let table = TABLE
        .replace("0.1,64,true", "0.1,64,false")
        .replace("0.03,64,true", "0.03,64,no");
    let verdicts = verdicts(&table);
    let h = serde_json::to_value(of(&verdicts, "max_lambda_k")).unwrap();
    assert_eq!(h["verdict"], "inconclusive");
    for field in [
        "page_l",
        "p_value",
        "p_adjusted",
        "log_slope",
        "log_slope_interval",
    ] {
        assert!(h[field].is_null(), "{field} is {}", h[field]);
    }
    assert!(
        h["reason"]
            .as_str()
            .unwrap()
            .starts_with("Not tested: only η = 0.01 is left.")
    );
}

#[test]
fn a_table_with_one_level_has_nothing_to_compare() {
    let one = "seed,learning_rate,batch_size,converged,max_lambda_k\n0,0.1,64,true,1\n";
    let sweep = parse_table(
        Path::new("one.csv"),
        one.as_bytes(),
        VerifySettings::default(),
    );
    let error = verify(&[sweep.unwrap()]).unwrap_err();
    assert!(
        error.to_string().starts_with("there is nothing to compare"),
        "{error}"
    );
}

#[test]
fn where_no_run_counts_there_are_neither_levels_nor_seeds() {
    let verdicts = verdicts(&TABLE.replace("true", "false"));
    let h = of(&verdicts, "max_lambda_k");
    assert!(h.levels.is_empty() && h.seeds.is_empty());
    let reason = "Not tested: no run with this quantity counts at any η. Left out: η = 0.01 (";
    assert!(h.reason.starts_with(reason), "{}", h.reason);
}
