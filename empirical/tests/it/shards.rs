//! Which runs of a sweep a shard carries out, and what they are expected to cost.

use breakeven_empirical::compute::DeviceKind;
use breakeven_empirical::config::{MeasureConfig, SweepConfig};
use breakeven_empirical::sweep::{Shard, Sweep};
use breakeven_empirical::train::RunSpec;

use crate::config::changed;

fn due(measure: &MeasureConfig, batch_size: usize, steps: u64) -> Vec<u64> {
    (0..steps)
        .filter(|&step| measure.due(step, batch_size))
        .collect()
}

#[test]
fn measurements_are_due_as_often_for_every_batch_size() {
    let by_examples = MeasureConfig {
        every_examples: 100,
        ..MeasureConfig::default()
    };
    assert_eq!(due(&by_examples, 10, 31), [0, 10, 20, 30]);
    assert_eq!(due(&by_examples, 40, 7), [0, 3, 6]);
    assert_eq!(due(&by_examples, 1000, 4), [0, 1, 2, 3]);
    let denser_early = MeasureConfig {
        every_steps: Some(10),
        early_until_step: 7,
        early_every_steps: 3,
        ..MeasureConfig::default()
    };
    assert_eq!(due(&denser_early, 10, 25), [0, 3, 6, 10, 20]);
}

#[test]
fn measurements_are_counted_as_they_are_due() {
    for every_steps in [None, Some(1), Some(6), Some(10), Some(u64::MAX)] {
        for early_until_step in [0, 1, 7, 30, u64::MAX] {
            for early_every_steps in [1, 3, 4, u64::MAX] {
                let measure = MeasureConfig {
                    every_examples: 100,
                    every_steps,
                    early_until_step,
                    early_every_steps,
                    ..MeasureConfig::default()
                };
                for steps in [0, 1, 5, 24, 61] {
                    let counted = measure.measurements(steps, 10);
                    let due = due(&measure, 10, steps).len() as u64;
                    assert_eq!(counted, due, "{measure:?}, {steps} steps");
                }
            }
        }
    }
}

fn prepare(config: &SweepConfig) -> Sweep<'_> {
    Sweep::prepare(config, None, DeviceKind::Flex, "test".into()).unwrap()
}

fn shares(sweep: &Sweep, count: usize) -> Vec<Vec<RunSpec>> {
    (0..count)
        .map(|index| sweep.runs(Shard { index, count }))
        .collect()
}

/// Batch sizes whose runs take from 96 to 2 steps an epoch.
fn of_unequal_runs() -> SweepConfig {
    changed(|c| {
        c.sweep.batch_sizes = vec![1, 5, 20, 60];
        c.sweep.seeds = vec![0, 1, 2];
    })
}

#[test]
fn shards_part_a_sweep_by_cost_and_not_by_count() {
    let config = of_unequal_runs();
    let sweep = prepare(&config);
    let whole = sweep.runs(Shard::WHOLE);
    assert_eq!(whole.len(), 24);
    for count in 1..=whole.len() + 1 {
        let shares = shares(&sweep, count);
        // No run twice and none missing, each share in the sweep's order.
        for run in &whole {
            let times = shares.concat().iter().filter(|own| *own == run).count();
            assert_eq!(times, 1, "{count} shards: {}", run.name());
        }
        let place = |run: &RunSpec| whole.iter().position(|other| other == run);
        for share in &shares {
            assert!(share.is_sorted_by_key(place), "{count} shards");
        }
        let loads: Vec<u64> = shares
            .iter()
            .map(|of| sweep.costs(of).iter().sum())
            .collect();
        let largest = *sweep.costs(&whole).iter().max().unwrap();
        let (least, most) = (loads.iter().min().unwrap(), loads.iter().max().unwrap());
        assert!(most - least <= largest, "{count} shards: {loads:?}");
        // Whatever machine asks.
        assert_eq!(shares, self::shares(&prepare(&config), count));
    }
    let counts: Vec<usize> = shares(&sweep, 7).iter().map(Vec::len).collect();
    assert!(counts.iter().max() > counts.iter().min().map(|least| least + 1).as_ref());
}

#[test]
fn more_steps_and_more_measurements_cost_more() {
    let cost = |change: fn(&mut SweepConfig)| {
        let config = changed(change);
        let sweep = prepare(&config);
        sweep.costs(&sweep.runs(Shard::WHOLE))[0]
    };
    let plain = cost(|_| {});
    for change in [
        (|c| c.training.epochs += 1) as fn(&mut SweepConfig),
        |c| c.sweep.batch_sizes = vec![5],
        |c| c.measure.every_steps = Some(1),
        |c| c.measure.early_until_step = 5,
        |c| c.measure.trace_probes += 10,
        |c| c.measure.complete_hessian_spectrum = true,
        |c| c.measure.hessian_halves = true,
        |c| c.measure.covariance_batches += 5,
        |c| c.measure.loss_line_points = 5,
    ] {
        assert!(cost(change) > plain);
    }
    // They are the same runs but for what is drawn and how far each step goes.
    let others = cost(|c| {
        c.sweep.seeds = vec![8];
        c.sweep.learning_rates = vec![0.3];
    });
    assert_eq!(others, plain);
}

#[test]
fn the_shards_of_a_sweep_are_its_runs_once_each() {
    let config = changed(|c| c.sweep.seeds = vec![0, 1, 2, 3, 4]);
    let sweep = Sweep::prepare(&config, None, DeviceKind::Flex, "test".into()).unwrap();
    let names = |shard| -> Vec<String> {
        let runs = sweep.runs(shard);
        runs.iter().map(|spec| spec.name()).collect()
    };
    let whole = names(Shard::WHOLE);
    assert_eq!(whole.len(), 10);
    assert_eq!(whole[0], "lr0.05-bs10-seed0");
    for count in [2, 3, 10, 11] {
        let mut all: Vec<String> = (0..count)
            .flat_map(|index| names(Shard { index, count }))
            .collect();
        let mut expected = whole.clone();
        all.sort();
        expected.sort();
        assert_eq!(all, expected, "{count} shards");
    }
    // 6 steps an epoch, 3 epochs.
    assert_eq!(sweep.steps(Shard::WHOLE), 180);
}
