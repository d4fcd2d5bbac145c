//! Tests of `breakeven-empirical` from outside, in one binary.

mod operators;
mod reference;
mod tolerance;
