//! Quantities that may not exist.

use std::collections::BTreeMap;

/// A quantity, or why it does not exist at this point: a ratio of zeros, a
/// direction in an eigenspace of more than one dimension.
pub type Known<T> = Result<T, String>;

/// The quantity of `field`, or nothing and a note why.
pub(crate) fn keep<T>(
    absent: &mut BTreeMap<String, String>,
    field: &str,
    found: Known<T>,
) -> Option<T> {
    found
        .map_err(|why| absent.insert(field.to_owned(), why))
        .ok()
}
