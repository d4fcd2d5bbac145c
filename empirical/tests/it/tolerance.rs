//! Every tolerance, with its reason.

/// Operators in f64 against f64 numbers of another framework: sums of up to
/// 10⁶ terms, each exact to 1e-16, in another order.
pub const F64: f64 = 1e-9;

/// Operators in f32 against f64 numbers: f32 PyTorch itself differs from its
/// own f64 by up to 3e-6 on the same problems (`float32_relative_errors`).
pub const F32: f64 = 1e-5;

/// Covariances in f32 whose gradients cancel: errors are those of ‖g_i‖², to
/// which they are compared, with sums of 25 to 50 such terms.
pub const F32_CANCELLING: f64 = 5e-5;

/// Second derivatives in f32 where a rectifier is within 1e-6 of its kink: a
/// unit that f32 switches on or off changes the curvature itself.
pub const F32_KINKS: f64 = 2e-4;
