//! The break-even point on one page, with nothing but Eq. 1.
//!
//! `cargo run -p breakeven-sim --example minimal`
//!
//! What is not here: exact arithmetic next to the threshold, other laws for ψ,
//! runs that start unstable, simulated batches. The crate has them.

fn main() {
    // Two runs from the same start that differ in the learning rate.
    for eta in [0.03, 0.1] {
        let (lambda_h, step) = break_even(eta, 32.0, 50_000.0);
        println!(
            "eta {eta}: break-even at lambda_H = {lambda_h:.3}, step {step}; 2/eta = {:.3}",
            2.0 / eta
        );
    }
}

/// Trains along e_H¹ until Eq. 1 reaches 1, and returns λ_H and the step.
fn break_even(eta: f64, batch_size: f64, examples: f64) -> (f64, usize) {
    let alpha = 1.0; // λ_K = αλ_H (Assumption 2)
    let p = (examples - batch_size) / (batch_size * (examples - 1.0));
    let (mut lambda_h, mut psi) = (1.0, 1.0);
    for step in 0.. {
        // The loss along e_H¹ is ½·mean(H_i)·ψ² (Assumption 1), so that the
        // gradients' variance is λ_K = s²ψ², and one step of SGD multiplies
        // E[ψ²] by the left side of Eq. 1.
        let s2 = alpha * lambda_h / f64::powi(psi, 2);
        let left = (1.0 - eta * lambda_h).powi(2) + s2 * eta * eta * p;
        if left > 1.0 {
            return (lambda_h, step);
        }
        // Stable: the curvature grows and the distance falls (Assumption 4).
        lambda_h *= 1.001;
        psi = 1.0 / f64::sqrt(lambda_h);
    }
    unreachable!("the curvature grows until Eq. 1 breaks")
}
