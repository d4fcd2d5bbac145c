//! Times as options name them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A time in whole seconds, written as Slurm writes it: `MINUTES`,
/// `HOURS:MINUTES:SECONDS`, `DAYS-HOURS` and what lies between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    seconds: u64,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// A longer one is a slip of the pen.
const MOST: u64 = 366 * DAY;

impl Span {
    /// So many days.
    pub const fn days(days: u64) -> Self {
        Self {
            seconds: days * DAY,
        }
    }

    /// As seconds.
    pub fn seconds(self) -> u64 {
        self.seconds
    }

    /// As a duration.
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is no time: give minutes, HOURS:MINUTES:SECONDS, or DAYS-HOURS:MINUTES, \
                 at least a second and at most a year, such as 90, 8:00:00 or 2-12:00"
            )
        };
        let (days, rest) = match text.split_once('-') {
            None => (None, text),
            Some((days, rest)) => (Some(days), rest),
        };
        let digits = |part: &str| {
            let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| part.parse::<u64>().ok()).flatten()
        };
        let parts: Option<Vec<u64>> = rest.split(':').map(digits).collect();
        let parts = parts.ok_or_else(wrong)?;
        let days = days.map_or(Some(0), digits).ok_or_else(wrong)?;
        let with_days = text.contains('-');
        let units: &[u64] = match (with_days, parts.len()) {
            (true, 1..=3) => &[HOUR, MINUTE, 1],
            (false, 1 | 2) => &[MINUTE, 1],
            (false, 3) => &[HOUR, MINUTE, 1],
            _ => return Err(wrong()),
        };
        let seconds = parts
            .iter()
            .zip(units)
            .try_fold(days.checked_mul(DAY), |sum, (part, unit)| {
                sum.map(|sum| sum.checked_add(part.checked_mul(*unit)?))
            })
            .flatten()
            .ok_or_else(wrong)?;
        match seconds {
            1..=MOST => Ok(Self { seconds }),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Self { seconds } = self;
        let (days, rest) = (seconds / DAY, seconds % DAY);
        let (hours, rest) = (rest / HOUR, rest % HOUR);
        write!(
            f,
            "{days}-{hours:02}:{:02}:{:02}",
            rest / MINUTE,
            rest % MINUTE
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_slurm_reads_them() {
        for (text, seconds, shown) in [
            ("90", 5400, "0-01:30:00"),
            ("90:30", 5430, "0-01:30:30"),
            ("8:00:00", 28_800, "0-08:00:00"),
            ("2-12", 216_000, "2-12:00:00"),
            ("1-0:30", 88_200, "1-00:30:00"),
            ("0-00:00:01", 1, "0-00:00:01"),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(
                (span.seconds(), span.to_string().as_str()),
                (seconds, shown)
            );
        }
        assert_eq!(Span::days(7).to_string(), "7-00:00:00");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "0",
            "8h",
            "-1",
            "1-",
            "1:2:3:4",
            "1-1:1:1:1",
            "+5",
            "99999999999999999999",
            "367-00",
            "1.5",
        ] {
            let said = text.parse::<Span>().unwrap_err();
            assert!(said.contains("is no time: give minutes"), "{said}");
        }
    }
}
