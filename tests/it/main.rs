//! The program as its users see it.

mod check;
mod data;
mod device;
mod explore;
mod measure;
mod measure_networks;
mod options;
mod pretrained;
mod program;
mod simulate;
mod streams;
mod train;
mod verify;
mod words;
