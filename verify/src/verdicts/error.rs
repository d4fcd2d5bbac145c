//! What cannot be judged together.

/// Sweeps that cannot be judged together.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum VerifyError {
    /// There is nothing to verify.
    #[error("no runs to verify; give at least one sweep folder or a table")]
    Nothing,
    /// Two sweeps of the same name.
    #[error(
        "two sweeps are called `{0}`; rename a folder, so that their hypotheses have names of their own"
    )]
    SameName(String),
    /// Different levels α.
    #[error(
        "alpha is {} in `{}` and {} in `{}`; verify them one at a time, as a family has one alpha",
        of_first,
        first,
        of_second,
        second
    )]
    Alpha {
        /// A sweep.
        first: String,
        /// Its α.
        of_first: f64,
        /// Another sweep.
        second: String,
        /// Its α.
        of_second: f64,
    },
    /// Different adjustments.
    #[error(
        "verify.adjustment is {of_first} in `{first}` and {of_second} in `{second}`; verify them one \
         at a time, as a family has one adjustment"
    )]
    Adjustment {
        /// A sweep.
        first: String,
        /// Its adjustment.
        of_first: &'static str,
        /// Another sweep.
        second: String,
        /// Its adjustment.
        of_second: &'static str,
    },
    /// Different looks.
    #[error(
        "verify.looks is not the same in `{first}` and `{second}`; verify them one at a time, as a \
         family is judged together"
    )]
    Looks {
        /// A sweep.
        first: String,
        /// Another sweep.
        second: String,
    },
    /// Different primary quantities.
    #[error(
        "verify.primary is {of_first} in `{first}` and {of_second} in `{second}`; verify them one \
         at a time, as a family has one list of primary quantities"
    )]
    Primary {
        /// A sweep.
        first: String,
        /// Its primary quantities.
        of_first: String,
        /// Another sweep.
        second: String,
        /// Its primary quantities.
        of_second: String,
    },
    /// No factor has two levels.
    #[error(
        "there is nothing to compare: no sweep has two learning rates, two batch sizes or two \
         momenta with all else equal; add runs"
    )]
    NoLevels,
}
