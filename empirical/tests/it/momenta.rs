//! A sweep over momenta: names, bits, what runs of a seed share.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use breakeven_empirical::config::SweepConfig;
use breakeven_empirical::sweep::{Shard, SweepEnd};
use breakeven_sim::record::{RunHeader, from_page};

use crate::training::{
    RUN, assert_same_files, carry_out, finish, one_run, prepare, records, uninterrupted,
};

fn over(momenta: &[f64]) -> SweepConfig {
    let mut config = one_run();
    config.sweep.momenta = Some(momenta.to_vec());
    config
}

fn names(config: &SweepConfig) -> Vec<String> {
    let runs = prepare(config).runs(Shard::WHOLE);
    runs.iter().map(|run| run.name()).collect()
}

fn header(run: &Path) -> RunHeader {
    let text = fs::read(run.join("run.json")).unwrap();
    from_page(&text).unwrap().value
}

#[test]
fn names_have_the_momentum_where_the_sweep_names_it() {
    assert_eq!(names(&one_run()), [RUN]);
    let mut constant = one_run();
    constant.training.momentum = 0.9;
    assert_eq!(names(&constant), [RUN]);
    let mut config = over(&[0.9, 0.0, 1e-12]);
    assert_eq!(
        names(&config),
        [
            "lr0.2-bs10-beta0.9-seed7",
            "lr0.2-bs10-beta0-seed7",
            "lr0.2-bs10-beta1e-12-seed7",
        ]
    );
    config.sweep.batch_sizes = vec![10, 20];
    config.sweep.seeds = vec![7, 8];
    // A run for each combination: 2 seeds, 1 η, 2 S, 3 β.
    assert_eq!(names(&config).len(), 12);
}

/// Each run of such a sweep is, bit for bit, that of a sweep that trains with
/// its β alone.
#[test]
fn each_run_is_that_of_its_momentum_alone() {
    let config = over(&[0.0, 0.9]);
    let together = uninterrupted(&prepare(&config));
    for (beta, in_header) in [(0.0, None), (0.9, Some(0.9))] {
        let name = format!("lr0.2-bs10-beta{beta}-seed7");
        let run = together.path().join("runs").join(&name);
        let mut alone = one_run();
        alone.training.momentum = beta;
        let folder = uninterrupted(&prepare(&alone));
        let expected = folder.path().join("runs").join(RUN);
        for file in ["records.jsonl", "outcome.json", "checkpoint.safetensors"] {
            let bytes = |run: &Path| fs::read(run.join(file)).unwrap();
            assert!(bytes(&run) == bytes(&expected), "{name}: {file}");
        }
        let found = header(&run);
        assert_eq!(found.run, name);
        assert_eq!(found.training.and_then(|of| of.momentum), in_header);
    }
    let of = |beta: &str| {
        records(
            &together
                .path()
                .join(format!("runs/lr0.2-bs10-beta{beta}-seed7")),
        )
    };
    let (without, with) = (of("0"), of("0.9"));
    // The same weights at first; other ones once steps add up.
    assert_eq!(without[0].lambda_h, with[0].lambda_h);
    assert_ne!(
        without.last().unwrap().lambda_h,
        with.last().unwrap().lambda_h
    );
}

#[test]
fn a_sweep_that_was_stopped_ends_with_the_same_bytes() {
    let config = over(&[0.5, 0.9]);
    let whole = uninterrupted(&prepare(&config));
    let folder = tempfile::tempdir().unwrap();
    let stop = AtomicBool::new(false);
    let end = carry_out(&prepare(&config), folder.path(), 1, &stop, |run, done| {
        let is_second = run.contains("beta0.9");
        stop.fetch_or(is_second && done == 7, Ordering::Relaxed);
    });
    assert_eq!(end.unwrap(), SweepEnd::Stopped);
    finish(&prepare(&config), folder.path());
    assert_same_files("after a stop", folder.path(), whole.path());
}
