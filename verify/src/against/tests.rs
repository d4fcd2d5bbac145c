use std::path::Path;

use super::*;
use crate::settings::{Adjustment, VerifySettings};
use crate::{parse_table, verify};

/// λ_K of five seeds at three learning rates; in order in every seed.
const VALUES: [[f64; 3]; 5] = [
    [1.86, 1.34, 0.61],
    [1.90, 1.31, 0.66],
    [1.80, 1.38, 0.60],
    [1.88, 1.35, 0.58],
    [1.84, 1.33, 0.62],
];
const LEVELS: [f64; 3] = [0.01, 0.03, 0.1];

fn table(seeds: std::ops::Range<u64>, value: impl Fn(u64, usize) -> f64) -> String {
    let mut text = "seed,learning_rate,batch_size,converged,max_lambda_k\n".to_owned();
    for seed in seeds {
        for (index, level) in LEVELS.iter().enumerate() {
            text += &format!("{seed},{level},64,true,{}\n", value(seed, index));
        }
    }
    text
}

fn judged(text: &str) -> Verdicts {
    let settings = VerifySettings {
        adjustment: Some(Adjustment::Holm),
        ..VerifySettings::default()
    };
    let sweep = parse_table(Path::new("runs.csv"), text.as_bytes(), settings).unwrap();
    verify(&[sweep]).unwrap()
}

fn baseline(text: &str) -> Baseline {
    let json = crate::report::json(&judged(text)).unwrap();
    Baseline::parse(Path::new("base.json"), json.as_bytes()).unwrap()
}

fn compared(before: &str, now: &str) -> Against {
    against(
        &judged(now),
        &baseline(before),
        Path::new("base.json"),
        ALPHA,
    )
    .unwrap()
}

fn measured(seed: u64, level: usize) -> f64 {
    VALUES[seed as usize % 5][level]
}

/// Numbers within ±3 % that depend on seed and level alone.
fn wobble(seed: u64, level: usize) -> f64 {
    let mixed = (seed * 7 + level as u64 * 3 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    1.0 + 0.03 * (mixed as f64 / (1_u64 << 23) as f64 - 1.0)
}

#[test]
fn the_same_runs_have_not_changed() {
    let text = table(0..5, measured);
    let found = compared(&text, &text);
    assert!(!found.changed);
    assert_eq!(found.in_words(), "nothing changed");
    assert_eq!((found.runs.shared, found.runs.identical), (15, 15));
    assert_eq!(found.comparisons, 4);
    for effect in &found.hypotheses[0].levels {
        assert_eq!(effect.method, Method::Identical);
        assert_eq!((effect.p_value, effect.p_adjusted), (None, None));
        assert_eq!((effect.ratio, effect.identical_seeds), (Some(1.0), 5));
    }
}

/// Other seeds of the same distribution do not move the means; the numbers of
/// `scipy.stats.ttest_ind(log(now), log(before), equal_var=False)`, SciPy
/// 1.17.1, for the first level below.
#[test]
fn other_seeds_are_compared_by_welchs_test_of_logarithms() {
    let now = "seed,learning_rate,batch_size,converged,max_lambda_k\n\
               10,0.01,64,true,1.34\n10,0.1,64,true,0.61\n\
               11,0.01,64,true,1.31\n11,0.1,64,true,0.66\n\
               12,0.01,64,true,1.38\n12,0.1,64,true,0.60\n\
               13,0.01,64,true,1.35\n13,0.1,64,true,0.58\n";
    let before = table(0..5, measured)
        .lines()
        .filter(|line| !line.contains(",0.03,"))
        .map(|line| format!("{line}\n"))
        .collect::<String>();
    let found = compared(&before, now);
    let [low, high] = &found.hypotheses[0].levels[..] else {
        panic!("{found:?}");
    };
    assert_eq!(low.method, Method::WelchT);
    let close = |found: Option<f64>, expected: f64| {
        let found = found.unwrap();
        assert!((found / expected - 1.0).abs() < 1e-8, "{found}, {expected}");
    };
    close(low.statistic, -22.66748859678421);
    close(low.degrees_of_freedom, 6.4652478975257734);
    close(low.p_value, 2.097654156018996e-07);
    close(low.ratio_interval.map(|i| i[0].ln()), -0.37317838871368836);
    close(low.ratio_interval.map(|i| i[1].ln()), -0.27088094479359626);
    assert!(low.moved && !high.moved);
    assert!(found.changed);
    assert_eq!(
        (found.runs.shared, found.runs.new, found.runs.gone),
        (0, 8, 10)
    );
    // Two levels and a slope; Holm by hand.
    assert_eq!(found.comparisons, 3);
    close(low.p_adjusted, 3.0 * 2.097654156018996e-07);
}

/// `scipy.stats.ttest_rel` of the logarithms, SciPy 1.17.1.
#[test]
fn the_same_seeds_are_compared_by_pairs() {
    let moved = [1.87, 1.89, 1.82, 1.88, 1.85];
    let now = table(0..5, |seed, level| match level {
        0 => moved[seed as usize],
        _ => measured(seed, level),
    });
    let found = compared(&table(0..5, measured), &now);
    let low = &found.hypotheses[0].levels[0];
    assert_eq!(low.method, Method::PairedT);
    assert_eq!((low.shared_seeds, low.identical_seeds), (5, 1));
    let close = |found: Option<f64>, expected: f64| {
        let found = found.unwrap();
        assert!((found / expected - 1.0).abs() < 1e-8, "{found}, {expected}");
    };
    close(low.statistic, 1.1960574322619424);
    close(low.p_value, 0.29772523679497986);
    close(low.ratio_interval.map(|i| i[0].ln()), -0.009434219722222933);
    assert!(!found.changed, "{found:?}");
    assert_eq!((found.runs.shared, found.runs.identical), (15, 11));
}

#[test]
fn a_factor_in_every_seed_is_beyond_any_noise_without_a_p_value() {
    let now = table(0..5, |seed, level| 2.0 * measured(seed, level));
    let found = compared(&table(0..5, measured), &now);
    let low = &found.hypotheses[0].levels[0];
    assert_eq!((low.method, low.p_value), (Method::ConstantShift, None));
    assert!(low.moved && (low.ratio.unwrap() - 2.0).abs() < 1e-12);
    let slope = found.hypotheses[0].log_slope.as_ref().unwrap();
    // A common factor leaves slopes as they are: each differs by rounding alone.
    assert!(!slope.moved, "{slope:?}");
}

#[test]
fn what_differs_within_stated_errors_is_the_same() {
    let with_errors = |shift: f64| {
        let mut text =
            "seed,learning_rate,batch_size,converged,max_lambda_k,max_lambda_k_error\n".to_owned();
        for seed in 0..3_u64 {
            for (index, level) in LEVELS.iter().enumerate() {
                let value = measured(seed, index) + shift;
                text += &format!("{seed},{level},64,true,{value},0.001\n");
            }
        }
        text
    };
    let alike = compared(&with_errors(0.0), &with_errors(0.0015));
    assert!(!alike.changed);
    assert_eq!(alike.hypotheses[0].levels[0].method, Method::Identical);
    assert_eq!(alike.runs.identical, 0);
    let apart = compared(&with_errors(0.0), &with_errors(0.0025));
    assert_ne!(apart.hypotheses[0].levels[0].method, Method::Identical);
}

#[test]
fn one_seed_says_nothing_of_noise() {
    let before = table(0..1, measured);
    let now = table(0..1, |seed, level| measured(seed, level).powf(1.5));
    let found = compared(&before, &now);
    assert!(!found.changed);
    assert_eq!(found.comparisons, 0);
    let effects = found.hypotheses[0].levels.iter();
    for effect in effects.chain(&found.hypotheses[0].log_slope) {
        assert_eq!(effect.method, Method::TooFewSeeds);
    }
    let same = compared(&before, &before);
    assert_eq!(same.hypotheses[0].levels[0].method, Method::Identical);
}

#[test]
fn values_that_are_not_positive_are_compared_as_they_are() {
    let shifted = |by: f64| table(0..5, move |s, l| measured(s, l) - by);
    let found = compared(&shifted(1.5), &shifted(1.5));
    let level = &found.hypotheses[0].levels[0];
    assert_eq!((level.scale, level.difference), (Scale::Log, None));
    let level = &found.hypotheses[0].levels[2];
    assert_eq!((level.scale, level.ratio), (Scale::Linear, None));
    assert_eq!(level.difference, Some(0.0));
    assert!(found.hypotheses[0].log_slope.is_none());
    assert!(found.hypotheses[0].log_slope_absent.is_some());
}

#[test]
fn verdicts_levels_hypotheses_and_runs_that_changed_are_named() {
    let before = table(0..5, measured);
    // No longer in order, and one run that no longer counts.
    let now = table(0..5, |seed, level| measured(0, 0) * wobble(seed, level)).replacen(
        "4,0.1,64,true",
        "4,0.1,64,false",
        1,
    );
    let found = compared(&before, &now);
    assert!(found.changed && found.hypotheses[0].verdict_moved());
    assert_eq!(found.runs.counted_otherwise.len(), 1);
    assert_eq!(
        found.runs.counted_otherwise[0].in_words(),
        "runs.csv, line 16: no longer counts (did not converge: the table says so)"
    );

    let without_a_level: String = before
        .lines()
        .filter(|line| !line.contains(",0.03,"))
        .map(|line| format!("{line}\n"))
        .collect();
    let found = compared(&before, &without_a_level);
    assert_eq!(found.hypotheses[0].levels_gone, [0.03]);
    assert!(found.changed && found.hypotheses[0].log_slope.is_none());
    assert_eq!(found.in_words(), "1 hypothesis on other levels");

    let other = before.replace("max_lambda_k", "max_lambda_h");
    let found = compared(&before, &other);
    let presence: Vec<Presence> = found.hypotheses.iter().map(|h| h.presence).collect();
    assert_eq!(presence, [Presence::New, Presence::Gone]);
    assert_eq!(found.in_words(), "1 hypothesis new, 1 hypothesis gone");
}

#[test]
fn a_level_by_chance_is_said_to_have_moved_as_seldom_as_stated() {
    // 400 pairs of answers from one normal distribution of logarithms.
    use rand::{Rng, SeedableRng};
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(20);
    let mut normal = move || -> f64 {
        let (a, b): (f64, f64) = (random.random(), random.random());
        (-2.0 * (1.0 - a).ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    };
    let alpha = 0.1;
    let mut false_alarms = 0;
    let trials = 400;
    for trial in 0..trials {
        let mut sample = |seeds: std::ops::Range<u64>| {
            let values: Vec<[f64; 3]> = seeds
                .clone()
                .map(|_| [0, 1, 2].map(|level| (0.1 * normal() - level as f64).exp()))
                .collect();
            table(seeds.clone(), |seed, level| {
                values[(seed - seeds.start) as usize][level]
            })
        };
        // Pairs and other seeds in turn.
        let first = if trial % 2 == 0 { 0 } else { 100 };
        let (before, now) = (sample(0..5), sample(first..first + 6));
        let path = Path::new("base.json");
        let found = against(&judged(&now), &baseline(&before), path, alpha).unwrap();
        let effects = &found.hypotheses[0];
        false_alarms += usize::from(effects.moved().next().is_some());
    }
    // 40 expected at most; 61 or more have a chance of 5e-4 (binomial).
    assert!(false_alarms <= 60, "{false_alarms} of {trials}");
    assert!(false_alarms >= 5, "{false_alarms} of {trials}");
}

#[test]
fn what_is_no_baseline_is_refused() {
    let refused = |text: &str| {
        Baseline::parse(Path::new("base.json"), text.as_bytes())
            .unwrap_err()
            .to_string()
    };
    assert!(refused("seed,learning_rate").contains("base.json: it is no verdicts.json (expected"));
    assert!(refused("{\"version\": \"0.1.0\"}").contains("missing field `alpha`"));
    let json = crate::report::json(&judged(&table(0..5, measured))).unwrap();
    let cut = &json[..json.len() / 2];
    assert!(
        refused(cut).contains("EOF while parsing"),
        "{}",
        refused(cut)
    );

    let now = judged(&table(0..5, measured));
    let error = |json: &str| {
        let baseline = Baseline::parse(Path::new("base.json"), json.as_bytes()).unwrap();
        against(&now, &baseline, Path::new("base.json"), ALPHA)
            .unwrap_err()
            .to_string()
    };
    let other = json.replace("runs.csv", "yesterday.csv");
    assert!(
        error(&other)
            .starts_with("base.json is about yesterday.csv, and these runs are of runs.csv"),
        "{}",
        error(&other)
    );
    let lacking = json.replacen("\"max_lambda_k\": 1.86", "\"max_lambda_q\": 1.86", 1);
    assert!(
        error(&lacking).contains("names seed 0 at level 0.01, and no run in summaries"),
        "{}",
        error(&lacking)
    );
    let nowhere = Baseline::read(Path::new("nowhere.json")).unwrap_err();
    assert!(
        nowhere
            .to_string()
            .starts_with("cannot read nowhere.json: ")
    );
}

/// As the first version wrote it: without procedure, momentum and intervals of
/// level means.
#[test]
fn an_answer_of_an_earlier_version_is_read() {
    let mut json: serde_json::Value =
        serde_json::from_str(&crate::report::json(&judged(&table(0..5, measured))).unwrap())
            .unwrap();
    let object = json.as_object_mut().unwrap();
    for field in ["procedure", "descriptive"] {
        object.remove(field).unwrap();
    }
    object["version"] = "0.0.9".into();
    let hypothesis = json["hypotheses"][0].as_object_mut().unwrap();
    for field in ["level_mean_intervals", "p_holm", "seeds_in_order_interval"] {
        hypothesis.remove(field).unwrap();
    }
    let baseline = Baseline::parse(Path::new("base.json"), json.to_string().as_bytes()).unwrap();
    let now = judged(&table(0..5, measured));
    let found = against(&now, &baseline, Path::new("base.json"), ALPHA).unwrap();
    assert!(!found.changed);
    assert!(
        found.notes[0].contains("breakeven 0.0.9"),
        "{:?}",
        found.notes
    );
}
