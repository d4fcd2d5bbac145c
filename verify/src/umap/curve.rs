//! How much points of the plane belong together, by their distance:
//! 1/(1 + a d^2b), the curve of this kind next to a plateau of width `min_dist`
//! and an exponential decay of scale `spread` (Sec. 3.2 of the paper).

/// a and b.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// a.
    pub a: f64,
    /// b.
    pub b: f64,
}

/// Points that it is fitted to, from 0 to three spreads.
const POINTS: usize = 300;
/// Steps of Levenberg and Marquardt's method at most; a dozen are taken.
const STEPS: usize = 500;

impl Curve {
    /// The least squares on 300 points, from a = b = 1.
    ///
    /// ```
    /// use breakeven_verify::umap::Curve;
    ///
    /// // umap-learn's `find_ab_params(1.0, 0.1)`.
    /// let Curve { a, b } = Curve::fitted(0.1, 1.0);
    /// assert!((a - 1.577).abs() < 1e-3 && (b - 0.895).abs() < 1e-3);
    /// ```
    pub fn fitted(min_dist: f64, spread: f64) -> Self {
        let data = target(min_dist, spread);
        let mut best = Self { a: 1.0, b: 1.0 };
        let mut squares = best.squares(&data);
        let mut damping = 1e-3;
        for _ in 0..STEPS {
            let next = best.step(&data, damping);
            let found = next.squares(&data);
            let is_better = found < squares;
            let gain = squares - found;
            if is_better {
                (best, squares) = (next, found);
                damping /= 10.0;
            } else {
                damping *= 10.0;
            }
            if damping > 1e12 || (is_better && gain <= 1e-15 * squares) {
                break;
            }
        }
        best
    }

    /// Its value at the distance whose square this is.
    pub fn at_square(self, square: f64) -> f64 {
        1.0 / (1.0 + self.a * square.powf(self.b))
    }

    fn squares(self, data: &[(f64, f64)]) -> f64 {
        let residual = |&(x, y): &(f64, f64)| (self.at_square(x * x) - y).powi(2);
        let sum: f64 = data.iter().map(residual).sum();
        // Outside of a, b > 0 there is no curve.
        if self.a > 0.0 && self.b > 0.0 {
            sum
        } else {
            f64::INFINITY
        }
    }

    /// The damped step of least squares.
    fn step(self, data: &[(f64, f64)], damping: f64) -> Self {
        let (mut aa, mut ab, mut bb, mut ra, mut rb) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for &(x, y) in data.iter().filter(|(x, _)| *x > 0.0) {
            let value = self.at_square(x * x);
            let by_a = -x.powf(2.0 * self.b) * value * value;
            let by_b = 2.0 * self.a * x.ln() * by_a;
            let residual = y - value;
            aa += by_a * by_a;
            ab += by_a * by_b;
            bb += by_b * by_b;
            ra += by_a * residual;
            rb += by_b * residual;
        }
        let (aa, bb) = (aa * (1.0 + damping), bb * (1.0 + damping));
        let determinant = aa * bb - ab * ab;
        Self {
            a: self.a + (ra * bb - rb * ab) / determinant,
            b: self.b + (rb * aa - ra * ab) / determinant,
        }
    }
}

/// What it is fitted to.
fn target(min_dist: f64, spread: f64) -> Vec<(f64, f64)> {
    let at = |k: usize| {
        let x = 3.0 * spread * k as f64 / (POINTS - 1) as f64;
        let y = if x < min_dist {
            1.0
        } else {
            (-(x - min_dist) / spread).exp()
        };
        (x, y)
    };
    (0..POINTS).map(at).collect()
}
