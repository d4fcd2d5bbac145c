//! Mini-batches of S out of N examples, drawn without replacement.

use crate::double_double::DoubleDouble;
use crate::parameter::{MOST_EXAMPLES, Parameter, ParameterError};

/// S of N examples, uniformly without replacement; 1 ≤ S ≤ N.
///
/// The ten pairs of 5 examples have p = (5−2)/(2·4):
///
/// ```
/// use breakeven_sim::Sampling;
///
/// let pairs = Sampling::new(2, 5)?;
/// assert_eq!(pairs.noise_factor(), 3.0 / 8.0);
/// # Ok::<(), breakeven_sim::parameter::ParameterError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    batch_size: usize,
    examples: usize,
}

impl Sampling {
    /// Batches of `batch_size` out of `examples`.
    ///
    /// # Errors
    /// Where N is 0 or above 2⁵³, or S is not in 1 ..= N.
    pub fn new(batch_size: usize, examples: usize) -> Result<Self, ParameterError> {
        if !(1..=MOST_EXAMPLES).contains(&examples) {
            let expected = format!("between 1 and {MOST_EXAMPLES}");
            let parameter = Parameter::Examples;
            return Err(ParameterError::Count {
                parameter,
                expected,
                value: examples,
            });
        }
        if !(1..=examples).contains(&batch_size) {
            let expected = format!("between 1 and the number of examples, {examples}");
            let parameter = Parameter::BatchSize;
            return Err(ParameterError::Count {
                parameter,
                expected,
                value: batch_size,
            });
        }
        Ok(Self {
            batch_size,
            examples,
        })
    }

    /// S.
    pub fn batch_size(self) -> usize {
        self.batch_size
    }

    /// N.
    pub fn examples(self) -> usize {
        self.examples
    }

    /// p = (N−S)/(S(N−1)): the variance of a mini-batch mean is p times that
    /// of the examples (1/N). 0 at S = N, also where N = 1.
    pub fn noise_factor(self) -> f64 {
        if self.is_full_batch() {
            return 0.0;
        }
        (self.left_out() / self.pairs()).value()
    }

    /// S = N: no noise.
    pub fn is_full_batch(self) -> bool {
        self.batch_size == self.examples
    }

    /// N − S, the numerator of p, exactly.
    pub(crate) fn left_out(self) -> DoubleDouble {
        DoubleDouble::from((self.examples - self.batch_size) as f64)
    }

    /// S(N − 1), the denominator of p, exactly.
    pub(crate) fn pairs(self) -> DoubleDouble {
        DoubleDouble::product(self.batch_size as f64, (self.examples - 1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noise_factor_is_one_for_single_examples_and_zero_for_all() {
        assert_eq!(Sampling::new(1, 1_000_000_000).unwrap().noise_factor(), 1.0);
        assert_eq!(Sampling::new(7, 7).unwrap().noise_factor(), 0.0);
        assert_eq!(Sampling::new(1, 1).unwrap().noise_factor(), 0.0);
        assert_eq!(Sampling::new(2, 5).unwrap().noise_factor(), 3.0 / 8.0);
    }

    #[test]
    fn batches_that_do_not_fit_are_refused_by_name() {
        let error = Sampling::new(6, 5).unwrap_err();
        assert_eq!(error.parameter(), Parameter::BatchSize);
        let words = "batch size must be between 1 and the number of examples, 5, got 6";
        assert_eq!(error.to_string(), words);
        assert_eq!(
            Sampling::new(0, 5).unwrap_err().parameter(),
            Parameter::BatchSize
        );
        assert_eq!(
            Sampling::new(1, 0).unwrap_err().parameter(),
            Parameter::Examples
        );
    }
}
