//! The crate as its users see it.

mod calibration;
mod designs;
mod folders;
mod integrity;
mod momenta;
mod reports;
mod synthetic;
mod trap;
