//! The answer for continuous integration: JUnit's XML for test reporters, and
//! a one-screen summary in Markdown.

mod junit;
mod markdown;
#[cfg(test)]
mod tests;

pub use junit::junit;
pub use markdown::summary;
