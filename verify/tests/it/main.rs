//! The crate as its users see it.

mod calibration;
mod folders;
mod integrity;
mod reports;
mod synthetic;
mod trap;
