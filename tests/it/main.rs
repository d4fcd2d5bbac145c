//! The program as its users see it.

mod check;
#[cfg(unix)]
mod cluster;
mod data;
mod device;
mod explore;
mod explore_runs;
mod explore_theory;
mod export;
mod faults;
#[cfg(unix)]
mod faults_disk;
mod faults_flips;
mod faults_kill;
mod faults_others;
mod measure;
mod measure_inputs;
mod measure_networks;
mod measure_parts;
mod measure_refusals;
mod measure_shapes;
mod measure_world;
mod momenta;
mod options;
mod pictures;
mod plan;
mod pretrained;
mod program;
mod reproduce;
mod results;
mod shards;
mod simulate;
mod simulate_montecarlo;
mod simulate_trajectories;
mod status;
mod streams;
#[path = "../../verify/tests/it/synthetic.rs"]
mod synthetic;
mod train;
mod train_damage;
mod train_refusals;
mod train_resume;
mod verify;
mod verify_against;
mod words;
