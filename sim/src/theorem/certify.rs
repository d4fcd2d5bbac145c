//! Proofs over whole boxes of parameters, by interval arithmetic.
//!
//! With y(λ) = c·p·(λ/λ₀)^q, c = α (η/η₀)^−m / ψ₀² and q = 2k, an end λ* of
//! the stable interval solves F = λ + y − 2/η = 0. By the implicit function
//! theorem dλ*/dη = −F_η/F_λ and dλ*/dS = −F_S/F_λ, with
//!
//! - F_λ = 1 + q·y/λ, positive at the upper end and negative at the lower one,
//! - η·F_η = 2/η − m·y = (1 − m)·2/η + mλ where F = 0,
//! - F_S = c (λ/λ₀)^q · dp/dS with dp/dS = −N/(S²(N−1)) < 0.
//!
//! Where the signs of these are the same over a box, so is the direction in
//! which λ* moves. m = 0 and k ≥ 0 are the paper's assumptions; other values
//! drop one of them.

use serde::Serialize;

use super::Factor;
use crate::interval::{Interval, Sign};

/// Parameters, each anywhere in its interval. S is taken as a real number,
/// which includes the whole ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ParameterBox {
    /// η > 0.
    pub learning_rate: Interval,
    /// S, in 1 ..= N.
    pub batch_size: Interval,
    /// α > 0, at the reference learning rate.
    pub alpha: Interval,
    /// ψ₀ > 0.
    pub psi0: Interval,
    /// k: the distance falls where the curvature rises for k ≥ 0.
    pub psi_exponent: Interval,
    /// m: α goes as η^−m; 0 where K does not depend on η.
    pub noise_exponent: Interval,
    /// λ₀.
    pub lambda0: f64,
    /// η₀, the reference learning rate.
    pub reference_rate: f64,
    /// N.
    pub examples: usize,
}

/// Which end of the stable interval is spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Where a rising λ loses stability, and a falling one gains it.
    Upper,
    /// Where a rising λ gains stability: there for k < 0 only.
    Lower,
}

/// "This end is smaller for a larger η", or "for a smaller S".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// What changes.
    pub factor: Factor,
    /// What moves.
    pub end: End,
}

/// What is known of a claim over one box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It holds for all parameters in it.
    Proved,
    /// Its opposite holds for all of them.
    Violated,
    /// The box has no such end: there is nothing to claim.
    Vacuous,
    /// Not decided at this size.
    Undecided,
}

/// What is known of a claim over a box, after dividing it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Certificate {
    /// Share of the box's volume on which the claim is proved.
    pub proved: f64,
    /// Share on which its opposite is.
    pub violated: f64,
    /// Share that has no such end.
    pub vacuous: f64,
    /// Share that is left undecided.
    pub undecided: f64,
    /// Boxes that were looked at.
    pub boxes: usize,
    /// A part of the box in which the opposite is proved.
    pub witness: Option<ParameterBox>,
    /// A part of the box that is undecided.
    pub undecided_box: Option<ParameterBox>,
}

impl Certificate {
    /// Whether the claim holds on all of the box where there is something to
    /// claim.
    pub fn is_proved(&self) -> bool {
        self.violated == 0.0 && self.undecided == 0.0 && self.proved > 0.0
    }
}

/// How often the range of λ is halved before a box is left undecided.
const MOST_HALVINGS: u32 = 9;

impl Claim {
    /// Divides the box until every part is decided or `most_boxes` have been
    /// looked at.
    ///
    /// For k = 0 the upper end is 2/η − αp/ψ₀², which falls with η whatever the rest is:
    ///
    /// ```
    /// use breakeven_sim::interval::Interval;
    /// use breakeven_sim::theorem::Factor;
    /// use breakeven_sim::theorem::certify::{Claim, End, ParameterBox};
    ///
    /// let whole = ParameterBox {
    ///     learning_rate: Interval::new(0.1, 0.2),
    ///     batch_size: Interval::new(8.0, 16.0),
    ///     alpha: Interval::new(1.0, 2.0),
    ///     psi0: Interval::point(1.0),
    ///     psi_exponent: Interval::point(0.0),
    ///     noise_exponent: Interval::point(0.0),
    /// #   lambda0: 1.0, reference_rate: 0.1, examples: 1000,
    /// };
    /// let claim = Claim { factor: Factor::LearningRate, end: End::Upper };
    /// assert!(claim.certify(&whole, 1000).is_proved());
    /// ```
    pub fn certify(self, whole: &ParameterBox, most_boxes: usize) -> Certificate {
        let mut certificate = Certificate {
            proved: 0.0,
            violated: 0.0,
            vacuous: 0.0,
            undecided: 0.0,
            boxes: 0,
            witness: None,
            undecided_box: None,
        };
        let mut waiting = std::collections::VecDeque::from([(*whole, 1.0)]);
        while let Some((part, share)) = waiting.pop_front() {
            if certificate.boxes == most_boxes {
                certificate.undecided += share;
                certificate.undecided_box.get_or_insert(part);
                continue;
            }
            certificate.boxes += 1;
            match self.decide(&part) {
                Verdict::Proved => certificate.proved += share,
                Verdict::Vacuous => certificate.vacuous += share,
                Verdict::Violated => {
                    certificate.violated += share;
                    certificate.witness.get_or_insert(part);
                }
                Verdict::Undecided => {
                    waiting.extend(part.halves().map(|half| (half, share / 2.0)));
                }
            }
        }
        certificate
    }

    /// What the signs over the whole box say, without dividing it.
    fn decide(self, part: &ParameterBox) -> Verdict {
        let signs = Signs::new(part);
        if let Some(verdict) = self.by_turning_point(&signs) {
            return verdict;
        }
        // 0 < λ ≤ 2/η holds every end.
        let all = Interval::new(0.0, signs.limit.high);
        self.between(&signs, all, 0)
    }

    /// Where m > 1 and q ≥ 0, η·F_η is negative below the turning point
    /// λ° = (1 − 1/m)·2/η and positive above it, and F rises with λ: so the
    /// sign of F at λ° is opposite to that of η·F_η at λ*. That needs no
    /// search for λ*.
    fn by_turning_point(self, signs: &Signs) -> Option<Verdict> {
        let rising = signs.noise_exponent.low > 1.0 && signs.exponent.low >= 0.0;
        if !rising || self.end == End::Lower || self.factor == Factor::BatchSize {
            return None;
        }
        match signs.at_turning_point().sign() {
            Sign::Negative => Some(Verdict::Proved),
            Sign::Positive => Some(Verdict::Violated),
            Sign::Mixed => Some(Verdict::Undecided),
        }
    }

    /// The same for ends λ* in one interval, which is halved where it is too
    /// wide to tell.
    fn between(self, signs: &Signs, lambda: Interval, halvings: u32) -> Verdict {
        let here = self.at(signs, lambda);
        if here != Verdict::Undecided || halvings == MOST_HALVINGS {
            return here;
        }
        // Halved in the logarithm; next to 0, a sixteenth.
        let cut = if lambda.low > 0.0 {
            (lambda.low * lambda.high).sqrt()
        } else {
            lambda.high / 16.0
        };
        let above = self.between(signs, Interval::new(cut, lambda.high), halvings + 1);
        if above == Verdict::Undecided {
            return above;
        }
        let below = self.between(signs, Interval::new(lambda.low, cut), halvings + 1);
        match (above, below) {
            (verdict, Verdict::Vacuous) | (Verdict::Vacuous, verdict) => verdict,
            (above, below) if above == below => above,
            _ => Verdict::Undecided,
        }
    }

    /// The same without halving.
    fn at(self, signs: &Signs, lambda: Interval) -> Verdict {
        let noise = signs.noise(lambda);
        let f = lambda + signs.noise_factor * noise - signs.limit;
        if f.sign() != Sign::Mixed {
            return Verdict::Vacuous;
        }
        // Two bounds for what holds at λ*, with nothing in common: no λ* here.
        let Some(slope) = signs.slope(lambda, noise).map(Interval::sign) else {
            return Verdict::Vacuous;
        };
        match (self.end, slope) {
            (End::Upper, Sign::Negative) | (End::Lower, Sign::Positive) => return Verdict::Vacuous,
            (_, Sign::Mixed) => return Verdict::Undecided,
            _ => {}
        }
        // λ* moves down for a larger η, or for a smaller S, where F rises
        // with that change and with λ alike.
        let change = match self.factor {
            Factor::LearningRate => Some(signs.by_learning_rate(lambda)),
            Factor::BatchSize => signs.by_smaller_batch(lambda, noise),
        };
        match change.map(Interval::sign) {
            None => Verdict::Vacuous,
            Some(Sign::Mixed) => Verdict::Undecided,
            Some(change) if change == slope => Verdict::Proved,
            Some(_) => Verdict::Violated,
        }
    }
}

/// What F and its derivatives are made of, over one box.
struct Signs {
    /// 2/η.
    limit: Interval,
    /// η/η₀.
    rate: Interval,
    /// 2/η₀.
    reference_limit: Interval,
    /// α/ψ₀².
    reference_noise: Interval,
    /// p = (N−S)/(S(N−1)) = (N/S − 1)/(N − 1).
    noise_factor: Interval,
    /// c.
    scale: Interval,
    /// q.
    exponent: Interval,
    /// m.
    noise_exponent: Interval,
    /// −dp/dS.
    batch_slope: Interval,
    lambda0: Interval,
}

impl Signs {
    fn new(part: &ParameterBox) -> Self {
        let [one, two] = [1.0, 2.0].map(Interval::point);
        let many = Interval::point(part.examples as f64);
        let p = (many / part.batch_size - one) / (many - one);
        let rate = part.learning_rate / part.reference_rate.into();
        let noise = part.alpha / part.psi0.square();
        Self {
            limit: two / part.learning_rate,
            rate,
            reference_limit: two / part.reference_rate.into(),
            reference_noise: noise,
            // S ≤ N, so that rounding alone leads below 0.
            noise_factor: Interval::new(p.low.max(0.0), p.high.max(0.0)),
            scale: noise * rate.pow(Interval::point(0.0) - part.noise_exponent),
            exponent: two * part.psi_exponent,
            noise_exponent: part.noise_exponent,
            batch_slope: many / (part.batch_size.square() * (many - one)),
            lambda0: part.lambda0.into(),
        }
    }

    /// c (λ/λ₀)^q.
    fn noise(&self, lambda: Interval) -> Interval {
        self.scale * (lambda / self.lambda0).pow(self.exponent)
    }

    /// F_λ where F = 0: both 1 + q·y/λ and, with y = 2/η − λ,
    /// 1 − q + q·2/(ηλ). Absent where they have nothing in common, so that F
    /// is 0 nowhere.
    fn slope(&self, lambda: Interval, noise: Interval) -> Option<Interval> {
        let (one, q) = (Interval::point(1.0), self.exponent);
        let first = one + q * (self.noise_factor * noise / lambda);
        let second = one - q + q * (self.limit / lambda);
        first.common(second)
    }

    /// η·F_η where F = 0.
    fn by_learning_rate(&self, lambda: Interval) -> Interval {
        let m = self.noise_exponent;
        (Interval::point(1.0) - m) * self.limit + m * lambda
    }

    /// A number with the sign of F at λ° = (1 − 1/m)·2/η, where 2/η − λ° is
    /// 2/(mη): the logarithm of y·mη/2, each parameter as seldom as can be.
    fn at_turning_point(&self) -> Interval {
        let (one, m, q) = (Interval::point(1.0), self.noise_exponent, self.exponent);
        let noise = self.noise_factor * self.reference_noise / self.reference_limit;
        let place = (one - one / m) * self.reference_limit / self.lambda0;
        noise.ln() + (one - m - q) * self.rate.ln() + q * place.ln() + m.ln()
    }

    /// −F_S where F = 0: there the noise is y/p with y = 2/η − λ, at least as
    /// much as with the largest p. Absent where it is less than that.
    fn by_smaller_batch(&self, lambda: Interval, noise: Interval) -> Option<Interval> {
        let least = (self.limit - lambda) / Interval::point(self.noise_factor.high);
        let enough = Interval {
            high: f64::INFINITY,
            ..least
        };
        Some(noise.common(enough)? * self.batch_slope)
    }
}

impl ParameterBox {
    /// Cut in two along the parameter whose interval is the widest for its
    /// size.
    fn halves(&self) -> [Self; 2] {
        let relative = |interval: Interval| interval.width() / interval.middle().abs().max(1e-300);
        let widths = [
            relative(self.learning_rate),
            relative(self.batch_size),
            relative(self.alpha),
            relative(self.psi0),
            self.psi_exponent.width(),
            self.noise_exponent.width(),
        ];
        let widest = (0..widths.len()).max_by(|&a, &b| widths[a].total_cmp(&widths[b]));
        let mut halves = [*self, *self];
        for (half, side) in halves.iter_mut().zip([0, 1]) {
            let interval = match widest {
                Some(0) => &mut half.learning_rate,
                Some(1) => &mut half.batch_size,
                Some(2) => &mut half.alpha,
                Some(3) => &mut half.psi0,
                Some(4) => &mut half.psi_exponent,
                _ => &mut half.noise_exponent,
            };
            *interval = interval.halves()[side];
        }
        halves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_for_a_place_without_a_threshold_have_nothing_in_common() {
        // F = λ + λ² − 20 is 0 at λ = 4.
        let part = ParameterBox {
            learning_rate: Interval::point(0.1),
            batch_size: Interval::point(1.0),
            alpha: Interval::point(1.0),
            psi0: Interval::point(1.0),
            psi_exponent: Interval::point(1.0),
            noise_exponent: Interval::point(0.0),
            lambda0: 1.0,
            reference_rate: 0.1,
            examples: 100,
        };
        let signs = Signs::new(&part);
        let slope = |lambda| signs.slope(lambda, signs.noise(lambda));
        let batch = |lambda| signs.by_smaller_batch(lambda, signs.noise(lambda));
        let (here, below) = (Interval::new(3.9, 4.1), Interval::new(1.0, 1.1));
        // F_λ = 1 + 2λ there.
        assert!(slope(here).unwrap().contains(9.0));
        assert!(batch(here).unwrap().contains(16.0 * 100.0 / 99.0));
        assert_eq!((slope(below), batch(below)), (None, None));
    }
}
