//! The program as its users see it.

mod check;
mod data;
mod measure;
mod program;
mod simulate;
mod streams;
mod train;
mod verify;
