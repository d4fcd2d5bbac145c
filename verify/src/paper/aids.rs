//! Reading aids: what is done to curves and axes for the eye alone.

use serde::Serialize;

use breakeven_plot::Scale;

/// The aids that were asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Aids {
    /// Records that a centred moving average goes over; 1: none.
    pub smooth: usize,
    /// The horizontal axes are logarithmic.
    pub log_x: bool,
    /// The vertical axes are logarithmic.
    pub log_y: bool,
    /// Each record of a mean is marked, not some of them.
    pub markers: bool,
}

impl Default for Aids {
    fn default() -> Self {
        Self {
            smooth: 1,
            log_x: false,
            log_y: false,
            markers: false,
        }
    }
}

impl Aids {
    /// All of them in words, those that are off too.
    pub fn in_words(&self) -> Vec<String> {
        let smooth = match self.smooth {
            0 | 1 => "Curves are not smoothed (--smooth N would: the paper says that it does, \
                      not over how many records)."
                .to_owned(),
            n => format!(
                "Curves are centred moving averages over {n} records, over fewer at both ends \
                 (--smooth {n}); values in the table are not smoothed."
            ),
        };
        let vertical = if self.log_y {
            "Vertical axes are logarithmic, and leave out what is not positive (--log y)."
        } else {
            "Vertical axes are logarithmic where values span a factor of 30 (--log y: always)."
        };
        let horizontal = if self.log_x {
            "Horizontal axes are logarithmic, and leave out what is not positive (--log x)."
        } else {
            "Horizontal axes are linear, but logarithmic in scatters where values span a factor \
             of 30 (--log x: always)."
        };
        let markers = if self.markers {
            "Every record of a mean has a marker (--markers)."
        } else {
            "Markers tell the means apart and stand at some records only (--markers: at all)."
        };
        vec![
            smooth,
            vertical.to_owned(),
            horizontal.to_owned(),
            markers.to_owned(),
        ]
    }

    /// A vertical scale: `usual`, unless another is asked for.
    pub(super) fn vertical(&self, values: &[f64], usual: Scale) -> Scale {
        chosen(self.log_y, values, usual)
    }

    /// A horizontal scale: `usual`, unless another is asked for.
    pub(super) fn horizontal(&self, values: &[f64], usual: Scale) -> Scale {
        chosen(self.log_x, values, usual)
    }
}

fn chosen(log: bool, values: &[f64], usual: Scale) -> Scale {
    if log {
        Scale::log_around(values.iter().copied())
    } else {
        usual
    }
}
