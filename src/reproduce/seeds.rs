//! How many seeds a figure's experiments are trained with.

use anyhow::bail;
use breakeven_verify::paper::Experiment;

use super::scale::Scale;

/// A figure at scale laptop takes fewer minutes.
const HALF_AN_HOUR: f64 = 30.0;

/// What `--seeds` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeds {
    /// All that an experiment has.
    All,
    /// So many, from its first.
    First(usize),
}

impl std::str::FromStr for Seeds {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text, text.parse()) {
            ("all", _) => Ok(Self::All),
            (_, Ok(count)) if count > 0 => Ok(Self::First(count)),
            _ => Err("a number from 1, or `all`"),
        }
    }
}

/// An experiment as a figure needs it.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    pub experiment: &'a Experiment,
    /// Its seeds that are trained, from the first.
    pub seeds: usize,
    /// All that it has.
    pub planned: usize,
}

/// The experiments of a figure, each with its seeds. Where nothing is asked for
/// that is all of them, but at scale laptop as many as end the figure in half an
/// hour, at least one.
///
/// # Errors
/// More seeds are asked for than an experiment has.
pub fn parts<'a>(
    scale: Scale,
    experiments: &[&'a Experiment],
    asked: Option<Seeds>,
) -> anyhow::Result<Vec<Part<'a>>> {
    let all = experiments.iter().map(|&experiment| {
        let planned = scale.seeds(experiment)?;
        Ok(Part {
            experiment,
            seeds: planned,
            planned,
        })
    });
    let all: Vec<Part<'_>> = all.collect::<anyhow::Result<_>>()?;
    match (asked, scale) {
        (Some(Seeds::First(count)), _) => {
            if let Some(few) = all.iter().find(|part| part.planned < count) {
                bail!(
                    "--seeds {count}: {} has {} at scale {}; give fewer, or `all`",
                    few.experiment.id,
                    few.planned,
                    scale.name()
                );
            }
            Ok(first(&all, count))
        }
        (None, Scale::Laptop) => {
            let most = all.iter().map(|part| part.planned).max().unwrap_or(1);
            let fewer = (1..=most).rev().map(|count| first(&all, count));
            let mut short = fewer.filter(|parts| minutes(scale, parts) < HALF_AN_HOUR);
            Ok(short.next().unwrap_or_else(|| first(&all, 1)))
        }
        (Some(Seeds::All) | None, _) => Ok(all),
    }
}

/// The same experiments with so many seeds each, or all where they have fewer.
fn first<'a>(all: &[Part<'a>], count: usize) -> Vec<Part<'a>> {
    let part = |part: &Part<'a>| Part {
        seeds: count.min(part.planned),
        ..*part
    };
    all.iter().map(part).collect()
}

/// What they take together, on two cores.
pub fn minutes(scale: Scale, parts: &[Part<'_>]) -> f64 {
    let of = |part: &Part<'_>| {
        let share = part.seeds as f64 / part.planned as f64;
        scale.minutes(part.experiment.minutes) * share
    };
    parts.iter().map(of).sum()
}

/// `1 of 5 seeds`, where not all are trained; the most that any experiment has.
pub fn in_words(parts: &[Part<'_>]) -> Option<String> {
    let fewer = parts.iter().filter(|part| part.seeds < part.planned);
    let largest = fewer.max_by_key(|part| part.planned)?;
    Some(format!("{} of {} seeds", largest.seeds, largest.planned))
}

#[cfg(test)]
mod tests {
    use breakeven_verify::paper::paper;

    use super::*;

    #[test]
    fn a_figure_at_scale_laptop_has_as_many_seeds_as_half_an_hour_holds() {
        for figure in &paper().figures {
            let experiments = paper().experiments_of(figure);
            let of = |asked| parts(Scale::Laptop, &experiments, asked).unwrap();
            let (some, all) = (of(None), of(Some(Seeds::All)));
            let time = minutes(Scale::Laptop, &some);
            assert!(time < HALF_AN_HOUR, "figure {}: {time}", figure.number);
            let is_whole = minutes(Scale::Laptop, &all) < HALF_AN_HOUR;
            assert_eq!(in_words(&some).is_none(), is_whole);
            let most = some.iter().map(|part| part.seeds).max().unwrap();
            let more = first(&all, most + 1);
            assert!(is_whole || minutes(Scale::Laptop, &more) >= HALF_AN_HOUR);
        }
    }

    #[test]
    fn seeds_are_counted_from_the_first_and_no_more_than_there_are() {
        let figure = paper().figure(4).unwrap();
        let experiments = paper().experiments_of(figure);
        let of = |scale, asked| parts(scale, &experiments, asked);
        let three = of(Scale::Laptop, Some(Seeds::First(3))).unwrap();
        assert!(three.iter().all(|part| part.seeds == 3));
        assert_eq!(in_words(&three).unwrap(), "3 of 5 seeds");
        let error = of(Scale::Laptop, Some(Seeds::First(4))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "--seeds 4: resnet-cifar10-batch-size has 3 at scale laptop; give fewer, or `all`"
        );
        for scale in [Scale::Smoke, Scale::Paper] {
            assert_eq!(in_words(&of(scale, None).unwrap()), None);
        }
        for wrong in ["0", "-1", "some", ""] {
            assert!(wrong.parse::<Seeds>().is_err(), "{wrong}");
        }
    }
}
