//! The program as its users see it.

mod data;
mod simulate;
mod verify;
