//! Every tolerance, with its reason.

/// Operators in f64 against f64 numbers of another framework: sums of up to
/// 10⁶ terms, each exact to 1e-16, in another order.
pub const F64: f64 = 1e-9;

/// Operators in f32 against f64 numbers: f32 PyTorch itself differs from its
/// own f64 by up to 3e-6 on the same problems (`float32_relative_errors`).
pub const F32: f64 = 1e-5;

/// The same through the six layers of the full SimpleCNN, whose sums of up to
/// 2,304 terms cancel: f32 PyTorch differs from its own f64 by up to 1.2e-5.
pub const F32_DEEP: f64 = 3e-5;

/// Covariances in f32 whose gradients cancel: errors are those of ‖g_i‖², to
/// which they are compared, with sums of 25 to 50 such terms.
pub const F32_CANCELLING: f64 = 5e-5;

/// Second derivatives in f32 where a rectifier is within 1e-6 of its kink: a
/// unit that f32 switches on or off changes the curvature itself.
pub const F32_KINKS: f64 = 2e-4;

/// Second derivatives in f32 of operations that divide by a standard deviation
/// of four numbers: those of `flex` are off by up to 6.4e-5.
pub const F32_SECOND: f64 = 1e-4;

/// Twelve steps in f64 against PyTorch's: numbers up to 4 whose sums are in
/// another order, through steps that magnify a difference a hundredfold.
pub const TRAINED: f64 = 1e-12;

/// Dense linear algebra in f64 on matrices of up to 120 rows, relative to the
/// largest eigenvalue: rounding of about 1e-16 for each row.
pub const DENSE: f64 = 1e-13;

/// |z| that a normal variable passes with a chance of α = 1e-6, two-sided.
/// Seeds are fixed: a test that passes goes on passing.
pub const NORMAL_QUANTILE: f64 = 4.892;

/// Relative error of a standard error from 20,000 samples: about
/// 1/√(2 · 20,000) = 0.005 for normal ones, four times that here.
pub const STANDARD_ERROR: f64 = 0.02;

/// Step t of central differences along a unit vector. Their error is
/// t²/6 times a third derivative, 1e-13 of it, and rounding of gradients,
/// 1e-16/t, about 1e-10.
pub const DIFFERENCE_STEP: f64 = 1e-6;

/// Relative to ‖Hv‖, which may be a hundredth of the gradient's length.
pub const DIFFERENCES: f64 = 1e-7;

/// Values to a tolerance of 0.01 to 0.3 that are further than their bound from
/// the eigenvalue of their place.
pub const OF_ANOTHER_PLACE: f64 = 0.01;

/// The difference of two losses in f32, relative to the losses, each of which
/// is exact to about 1e-6.
#[cfg(feature = "wgpu")]
pub const F32_DIFFERENCES: f64 = 2e-6;
