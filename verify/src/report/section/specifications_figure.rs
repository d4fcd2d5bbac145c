//! A specification curve in its two panels: the slopes with their intervals,
//! sorted, and below which choices each was made with.

use crate::quantity::{Quantity, Statistic};
use crate::report::pictures::Picture;
use crate::report::statement;
use crate::specifications::{
    self, Cadence, Choices, STATISTICS, Sample, Smoothing, Specification, SpecificationCurve,
    Window,
};
use breakeven_plot::{Scale, digits, text};

/// Left ends of frame and drawing, in the drawing's units.
const LEFT: f64 = 190.0;
const RIGHT: f64 = 906.0;
const WIDTH: f64 = 920.0;
/// The panel of slopes.
const TOP: f64 = 46.0;
const BOTTOM: f64 = 226.0;
/// Height of a row of choices, and room above each kind.
const ROW: f64 = 14.0;
const GAP: f64 = 7.0;

/// How a specification is coloured.
#[derive(Clone, Copy, PartialEq)]
enum Says {
    AsClaimed,
    Nothing,
    Opposite,
}

impl Says {
    const ALL: [Self; 3] = [Self::Nothing, Self::AsClaimed, Self::Opposite];

    fn class(self) -> &'static str {
        match self {
            Self::AsClaimed => "look-0",
            Self::Nothing => "quiet",
            Self::Opposite => "look-1",
        }
    }
}

/// One of the choices of a kind.
struct Row {
    name: String,
    has: Box<dyn Fn(&Choices) -> bool>,
}

/// The curve of a claim; `index` tells it from others. Its data are all of its
/// specifications.
pub fn picture(curve: &SpecificationCurve, alpha: f64, index: usize) -> Picture {
    let id = format!("specifications-{index}");
    Picture {
        svg: draw(curve, alpha, &id),
        table: specifications::csv(std::slice::from_ref(curve)),
        id,
    }
}

fn draw(curve: &SpecificationCurve, alpha: f64, id: &str) -> String {
    let shown: Vec<(&Specification, f64)> = curve
        .all
        .iter()
        .filter_map(|one| Some((one, one.slope()?)))
        .collect();
    let step = (RIGHT - LEFT) / shown.len().max(1) as f64;
    let x = |place: usize| LEFT + step * (place as f64 + 0.5);
    let scale = scale(&shown);
    let y = |value: f64| {
        let place = scale.place(value).unwrap_or(0.0).clamp(-1.0, 2.0);
        BOTTOM - (BOTTOM - TOP) * place
    };
    let says: Vec<Says> = shown
        .iter()
        .map(|(one, slope)| says(curve, one, *slope, alpha))
        .collect();
    let (rows, height) = rows_drawn(curve, &shown, &says, x);
    let title = text::svg(&format!(
        "{}: log–log slopes of {} specifications",
        statement::claim(curve.subject.quantity(), curve.factor, curve.expected),
        shown.len()
    ));
    let name = text::escape(&text::plain(&format!(
        "Specification curve of {}",
        curve.id
    )));
    let described = format!(
        "{} slopes from {} to {}; {} have the claimed sign, {} of them with an unadjusted p of at most \
         {alpha}; {} have the opposite sign, {} of them with such a p.",
        shown.len(),
        shown.first().map_or(0.0, |(_, slope)| *slope),
        shown.last().map_or(0.0, |(_, slope)| *slope),
        curve.as_claimed,
        curve.significant,
        curve.opposite,
        curve.opposite_significant
    );
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" role=\"img\" viewBox=\"0 0 {WIDTH} \
         {height:.0}\" aria-labelledby=\"{id}-title {id}-desc\">\n<title id=\"{id}-title\">{name}</title>\n\
         <desc id=\"{id}-desc\">{}</desc>\n<text class=\"title\" x=\"4\" y=\"16\">{title}</text>\n\
         {}{}<clipPath id=\"{id}-clip\"><rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{:.0}\" height=\"{:.0}\"/>\
         </clipPath>\n<g clip-path=\"url(#{id}-clip)\">\n{}</g>\n{rows}{}</svg>\n",
        text::escape(&described),
        legend(alpha),
        axis(scale, y),
        RIGHT - LEFT,
        BOTTOM - TOP,
        slopes(&shown, &says, x, y),
        of_paper(curve, &shown, x, height),
    )
}

fn says(curve: &SpecificationCurve, one: &Specification, slope: f64, alpha: f64) -> Says {
    let rises = curve.expected == crate::quantity::Direction::Increasing;
    let agrees = if rises { slope > 0.0 } else { slope < 0.0 };
    // Only specifications with a slope are shown, and they have an effect.
    let p = one
        .effect
        .as_ref()
        .map_or([1.0; 2], |e| [e.p_value, e.opposite_p_value]);
    if agrees && p[0] <= alpha {
        Says::AsClaimed
    } else if slope != 0.0 && !agrees && p[1] <= alpha {
        Says::Opposite
    } else {
        Says::Nothing
    }
}

/// Around all slopes and 0; of intervals as much as the slopes' own spread on
/// either side.
fn scale(shown: &[(&Specification, f64)]) -> Scale {
    let slopes = || shown.iter().map(|(_, slope)| *slope).chain([0.0]);
    let low = slopes().fold(f64::INFINITY, f64::min);
    let high = slopes().fold(f64::NEG_INFINITY, f64::max);
    let room = if high > low { (high - low) / 2.0 } else { 1.0 };
    let ends = shown
        .iter()
        .filter_map(|(one, _)| one.effect.as_ref().ok()?.slope.as_ref()?.interval)
        .flatten()
        .map(|end| end.clamp(low - room, high + room));
    Scale::linear_around(ends.chain(slopes()))
}

fn axis(scale: Scale, y: impl Fn(f64) -> f64) -> String {
    let mut drawn = String::new();
    for tick in scale.ticks(5) {
        let at = y(tick);
        drawn += &format!(
            "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{RIGHT}\"/><text x=\"{:.0}\" y=\"{:.1}\" \
             text-anchor=\"end\">{}</text>\n",
            LEFT - 7.0,
            at + 4.0,
            digits(tick)
        );
    }
    drawn
        + &format!(
            "<path class=\"frame\" d=\"M{LEFT} {0:.1}H{RIGHT}\"/>\n",
            y(0.0)
        )
}

fn legend(alpha: f64) -> String {
    let entries = [
        (
            Says::AsClaimed,
            format!("as claimed, p ≤ {alpha} (unadjusted)"),
            LEFT,
        ),
        (
            Says::Opposite,
            format!("opposite, p ≤ {alpha}"),
            LEFT + 240.0,
        ),
        (Says::Nothing, "neither".to_owned(), LEFT + 390.0),
    ];
    let one = |(says, words, x): &(Says, String, f64)| {
        format!(
            "<path class=\"spot {}\" d=\"M{:.0} 32h0\"/><text class=\"legend\" x=\"{:.0}\" \
             y=\"36\">{}</text>",
            says.class(),
            x + 4.0,
            x + 12.0,
            text::escape(words)
        )
    };
    let paper = format!(
        "<path class=\"guide\" d=\"M{0:.0} 26v12\"/><text class=\"legend\" x=\"{1:.0}\" y=\"36\">the \
         paper's choice</text>\n",
        LEFT + 474.0,
        LEFT + 482.0
    );
    entries.iter().map(one).collect::<String>() + &paper
}

/// Intervals below, slopes above, each colour in one path.
fn slopes(
    shown: &[(&Specification, f64)],
    says: &[Says],
    x: impl Fn(usize) -> f64,
    y: impl Fn(f64) -> f64,
) -> String {
    let of_kind = |kind: Says| {
        let (mut intervals, mut spots) = (String::new(), String::new());
        for (place, (one, slope)) in shown.iter().enumerate().filter(|(k, _)| says[*k] == kind) {
            let at = x(place);
            spots += &format!("M{at:.1} {:.1}h0", y(*slope));
            let interval = one
                .effect
                .as_ref()
                .ok()
                .and_then(|e| e.slope.as_ref()?.interval);
            if let Some([low, high]) = interval {
                intervals += &format!("M{at:.1} {:.1}V{:.1}", y(low), y(high));
            }
        }
        let class = kind.class();
        format!(
            "<path class=\"spread {class}\" d=\"{intervals}\"/><path class=\"spot {class}\" \
             d=\"{spots}\"/>\n"
        )
    };
    Says::ALL.map(of_kind).concat()
}

/// A line through both panels at the paper's choice.
fn of_paper(
    curve: &SpecificationCurve,
    shown: &[(&Specification, f64)],
    x: impl Fn(usize) -> f64,
    height: f64,
) -> String {
    let first = curve.subject.quantities().iter();
    let known = |q: &&Quantity| {
        curve
            .all
            .iter()
            .any(|one| one.choices.measured.quantity == **q)
    };
    let paper = first.copied().find(|q| known(&q)).map(Choices::of_paper);
    let place = shown.iter().position(|(one, _)| Some(one.choices) == paper);
    place.map_or_else(String::new, |place| {
        format!(
            "<path class=\"guide\" d=\"M{:.1} {TOP}V{:.1}\"/>\n",
            x(place),
            height - 6.0
        )
    })
}

/// The lower panel, and the height of all.
fn rows_drawn(
    curve: &SpecificationCurve,
    shown: &[(&Specification, f64)],
    says: &[Says],
    x: impl Fn(usize) -> f64,
) -> (String, f64) {
    let mut drawn = String::new();
    let mut y = BOTTOM + 14.0;
    for kind in kinds(curve) {
        for row in kind {
            drawn += &format!(
                "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text><path class=\"grid\" \
                 d=\"M{LEFT} {y:.1}H{RIGHT}\"/>",
                LEFT - 7.0,
                y + 4.0,
                text::svg(&row.name)
            );
            for kind in Says::ALL {
                let ticks: String = shown
                    .iter()
                    .enumerate()
                    .filter(|(place, (one, _))| says[*place] == kind && (row.has)(&one.choices))
                    .map(|(place, _)| format!("M{:.1} {:.1}v8", x(place), y - 4.0))
                    .collect();
                if !ticks.is_empty() {
                    drawn += &format!("<path class=\"tick {}\" d=\"{ticks}\"/>", kind.class());
                }
            }
            drawn += "\n";
            y += ROW;
        }
        y += GAP;
    }
    (drawn, y)
}

/// A statistic beside its row.
fn short(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::AtAccuracy => "at matched accuracy",
        Statistic::AtLoss => "at matched loss",
        Statistic::Max | Statistic::MaxAfter | Statistic::MaxWithoutStepZero => {
            statistic.in_words()
        }
    }
}

/// The choices of each kind that there are.
fn kinds(curve: &SpecificationCurve) -> Vec<Vec<Row>> {
    let mut quantities: Vec<Quantity> = Vec::new();
    for one in &curve.all {
        if !quantities.contains(&one.choices.measured.quantity) {
            quantities.push(one.choices.measured.quantity);
        }
    }
    quantities.sort();
    let is_of_half = |one: &Specification| one.choices.measured.sample != Sample::All;
    let row = |name: &str, has: Box<dyn Fn(&Choices) -> bool>| Row {
        name: name.to_owned(),
        has,
    };
    let mut kinds = vec![
        STATISTICS
            .map(|s| row(short(s), Box::new(move |c| c.statistic == s)))
            .into(),
        Window::ALL
            .map(|w| row(w.in_words(), Box::new(move |c| c.window == w)))
            .into(),
        Smoothing::ALL
            .map(|s| row(s.in_words(), Box::new(move |c| c.smoothing == s)))
            .into(),
        Cadence::ALL
            .map(|k| row(k.in_words(), Box::new(move |c| c.cadence == k)))
            .into(),
    ];
    if quantities.len() > 1 {
        let of = |q: Quantity| {
            let name = if q.is_of_mini_batches() {
                "K^M"
            } else {
                "K per example"
            };
            row(name, Box::new(move |c: &Choices| c.measured.quantity == q))
        };
        kinds.push(quantities.into_iter().map(of).collect());
    }
    if curve.all.iter().any(is_of_half) {
        let of = |s: Sample| row(s.in_words(), Box::new(move |c| c.measured.sample == s));
        kinds.push(Sample::ALL.map(of).into());
    }
    kinds
}
