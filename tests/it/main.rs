//! The program as its users see it.

mod check;
mod data;
mod device;
mod explore;
mod measure;
mod options;
mod program;
mod simulate;
mod streams;
mod train;
mod verify;
mod words;
