//! A quantity along training, by level (Fig. 4 to 7, 10 to 26): bold means over
//! thin seeds, a cross where a run breaks even, a vertical line where a level
//! passes the accuracy threshold.

use super::drawing::{Drawing, Subject, axis};
use super::field::Field;
use super::levels::levels;
use crate::trajectories::{Along, Trajectories, accuracy_scale};
use breakeven_plot::{Scale, Weight};

pub(super) fn draw(
    subject: &Subject<'_>,
    field: Field,
    along: Along,
    until: Option<f64>,
) -> Result<Drawing, String> {
    let levels = levels(subject.experiment.varies, subject.sweep);
    let of = |record: &_| field.of(record);
    let whole = Trajectories {
        along,
        smooth: subject.aids.smooth,
        ..Trajectories::of(&levels, &of)
    };
    let last = whole.places().into_iter().fold(0.0, f64::max);
    let drawn = Trajectories {
        until: until.map_or(f64::INFINITY, |share| share * last),
        ..whole
    };
    if !drawn.is_measured() {
        return Err(format!("no record of these runs has {}", field.name()));
    }
    let mut series = drawn.series();
    for one in &mut series {
        if subject.aids.markers && one.curve.weight == Weight::Bold {
            one.curve.weight = Weight::Marked;
        }
    }
    let (places, values) = (drawn.places(), drawn.values());
    let usual = if field.is_accuracy() {
        accuracy_scale()
    } else {
        Scale::around(values.iter().copied())
    };
    let usual_x = Scale::linear_around(places.iter().copied());
    let x = axis(along.label(), subject.aids.horizontal(&places, usual_x));
    let y = subject.aids.vertical(&values, usual);
    let description = drawn.description(&subject.title);
    let mut figure = subject.figure(x, y, &series, description);
    figure.guides = drawn.guides(subject.sweep.settings.accuracy_threshold);
    Ok(Drawing {
        figure,
        series,
        said: Vec::new(),
        table: None,
    })
}
