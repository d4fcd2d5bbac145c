//! The native half of the Python package: checked arrays in, JSON and arrays out. What
//! Python's users see is in the folder `package`.

mod examples;
mod failure;
mod measure;
mod verify;
mod work;

use pyo3::prelude::*;

/// The functions that `breakeven` calls.
#[pymodule]
fn _native(module: &Bound<PyModule>) -> PyResult<()> {
    module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(measure::measure, module)?)?;
    module.add_function(wrap_pyfunction!(verify::verify, module)?)
}
