//! Draws a figure.

mod curve;

use super::ground;
use super::legend;
use super::scale::tick_label;
use super::text;
use super::thin;
use super::{Across, Axis, Figure, Guide, LOOKS, Scale, Size, Ticks};
use curve::{curve, marks};

/// Room left, right and below the frame, and for the title above.
const LEFT: f64 = 58.0;
const RIGHT: f64 = 16.0;
const BELOW: f64 = 44.0;
const TITLE: f64 = 24.0;

/// Width of a drawing and height of the frame in it, in the drawing's units.
fn extent(size: Size) -> (f64, f64) {
    match size {
        Size::Wide => (460.0, 210.0),
        Size::Small => (310.0, 170.0),
        Size::Plane => (400.0, 300.0),
        // 84 mm are 238 pt: a text of 12 units is one of 7.5 pt.
        Size::Column => (381.0, 196.0),
    }
}

/// Width of the frame over its height, with a ground.
pub fn aspect_on_ground(size: Size) -> f64 {
    let (width, height) = extent(size);
    (width - ground::LEFT - ground::RIGHT) / height
}

/// Room left and right of the frame.
fn sides(figure: &Figure) -> [f64; 2] {
    match (&figure.ground, &figure.y.ticks) {
        (None, _) => [LEFT, RIGHT],
        (Some(_), Ticks::At(none)) if none.is_empty() => [ground::LEFT, ground::RIGHT],
        (Some(_), _) => [LEFT, ground::RIGHT],
    }
}

/// Where a drawing goes.
pub enum Medium {
    /// Into a page that has the style sheet.
    Page,
    /// Onto paper, with this style sheet.
    Paper(&'static str),
}

/// Width of a drawing on paper, in mm.
const COLUMN: f64 = 84.0;

/// The rectangle that holds the curves, and its scales.
struct Frame {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
    x: Scale,
    y: Scale,
}

impl Frame {
    fn of(figure: &Figure) -> Self {
        let (width, height) = extent(figure.size);
        let [left, right] = sides(figure);
        let width = width - left - right;
        let legend = legend::rows(&figure.curves, width) as f64 * legend::ROW;
        Self {
            left,
            top: TITLE + legend + 8.0,
            width,
            height,
            x: figure.x.scale,
            y: figure.y.scale,
        }
    }

    fn bottom(&self) -> f64 {
        self.top + self.height
    }

    fn right(&self) -> f64 {
        self.left + self.width
    }

    fn x(&self, value: f64) -> Option<f64> {
        Some(self.left + self.width * self.x.place(value)?)
    }

    /// Far outside values are cut off, which keeps coordinates readable.
    fn y(&self, value: f64) -> Option<f64> {
        let place = self.y.place(value)?.clamp(-10.0, 10.0);
        Some(self.bottom() - self.height * place)
    }

    /// The place of a point, within the frame or not.
    fn point(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        Some((self.x(x)?, self.y(y)?))
    }
}

pub fn draw(figure: &Figure, medium: Medium) -> String {
    let frame = Frame::of(figure);
    let (left, top, width, height) = (frame.left, frame.top, frame.width, frame.height);
    let (right, bottom) = (frame.right() + sides(figure)[1], frame.bottom() + BELOW);
    let id = text::escape(&figure.id);
    let name = text::escape(&text::plain(&figure.title));
    let bucket = thin::bucket(figure);
    let thinned = bucket.map(thin::in_words).unwrap_or_default();
    let description = text::escape(&(figure.description.clone() + &thinned));
    let (size, style, ground) = match medium {
        Medium::Page => Default::default(),
        Medium::Paper(style) => (
            format!(
                "width=\"{COLUMN}mm\" height=\"{:.2}mm\" ",
                COLUMN * bottom.round() / right
            ),
            style_element(style),
            format!("<rect class=\"sheet\" width=\"{right}\" height=\"{bottom:.0}\"/>\n"),
        ),
    };
    let title = text::svg(&figure.title);
    let legend = legend::draw(&figure.curves, [frame.left, TITLE], frame.width);
    let axes = axes(figure, &frame);
    let (cells, bar) = match &figure.ground {
        Some(ground) => (
            ground.draw_cells(|point| frame.point(point)),
            ground.draw_bar(frame.right(), top, frame.bottom()),
        ),
        None => Default::default(),
    };
    let (guides, notes): (String, String) = figure.guides.iter().map(|g| guide(g, &frame)).unzip();
    let curves: String = figure
        .curves
        .iter()
        .map(|c| curve(c, &frame, bucket))
        .collect();
    let marks: String = figure.curves.iter().map(|c| marks(c, &frame)).collect();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plot\" role=\"img\" {size}\
         viewBox=\"0 0 {right} {bottom:.0}\" aria-labelledby=\"{id}-title {id}-desc\">\n\
         <title id=\"{id}-title\">{name}</title>\n\
         <desc id=\"{id}-desc\">{description}</desc>\n{style}{ground}\
         <text class=\"title\" x=\"4\" y=\"16\">{title}</text>\n{legend}{axes}\
         <clipPath id=\"{id}-clip\"><rect x=\"{left}\" y=\"{top}\" width=\"{width}\" \
         height=\"{height}\"/></clipPath>\n\
         {guides}<g clip-path=\"url(#{id}-clip)\">\n{cells}{curves}</g>\n{marks}{notes}{bar}</svg>\n"
    )
}

/// An `svg` element with a style of its own, behind its description.
pub fn with_style(svg: &str, style: &str) -> String {
    let end = "</desc>\n";
    svg.replacen(end, &(end.to_owned() + &style_element(style)), 1)
}

fn style_element(style: &str) -> String {
    format!("<style>{style}</style>\n")
}

/// Grid lines, tick labels, the frame's two lines and the horizontal label.
fn axes(figure: &Figure, frame: &Frame) -> String {
    let (left, right, top, bottom) = (frame.left, frame.right(), frame.top, frame.bottom());
    let mut drawn = String::new();
    for tick in ticks(&figure.y, 5) {
        if let Some(y) = frame.y(tick) {
            drawn += &format!(
                "<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
                left - 7.0,
                y + 4.0,
                tick_label(tick)
            );
        }
    }
    for tick in ticks(&figure.x, (frame.width / 65.0) as usize) {
        if let Some(x) = frame.x(tick) {
            drawn += &format!(
                "<path class=\"frame\" d=\"M{x:.1} {bottom:.1}v5\"/>\
                 <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n",
                bottom + 18.0,
                tick_label(tick)
            );
        }
    }
    let minor = figure.y.scale.minor_ticks();
    for y in minor.into_iter().filter_map(|tick| frame.y(tick)) {
        drawn += &format!("<path class=\"frame\" d=\"M{left} {y:.1}h-3\"/>\n");
    }
    drawn
        + &format!(
            "<path class=\"frame\" d=\"M{left} {top:.1}V{bottom:.1}H{right}\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\n",
            (left + right) / 2.0,
            bottom + 36.0,
            text::svg(&figure.x.label)
        )
}

fn ticks(axis: &Axis, count: usize) -> Vec<f64> {
    match &axis.ticks {
        Ticks::Round => axis.scale.ticks(count),
        Ticks::At(ticks) => ticks.clone(),
    }
}

/// A guide line below the curves, and what is written beside it above them.
fn guide(guide: &Guide, frame: &Frame) -> (String, String) {
    let class = match guide.look {
        Some(look) => format!("guide coloured look-{}", look % LOOKS),
        None => "guide".to_owned(),
    };
    let (top, right) = (frame.top, frame.right());
    let (path, x, y) = match guide.at {
        Across::X(value) => match frame.x(value) {
            Some(x) => (
                format!("M{x:.1} {top:.1}V{:.1}", frame.bottom()),
                x - 4.0,
                top + 12.0,
            ),
            None => return Default::default(),
        },
        Across::Y(value) => match frame.y(value) {
            Some(y) => (
                format!("M{:.1} {y:.1}H{right:.1}", frame.left),
                right - 4.0,
                y - 5.0,
            ),
            None => return Default::default(),
        },
    };
    let note = guide.label.as_ref().map_or(String::new(), |label| {
        format!(
            "<text class=\"note\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\">{}</text>\n",
            text::svg(label)
        )
    });
    (format!("<path class=\"{class}\" d=\"{path}\"/>\n"), note)
}

#[cfg(test)]
mod tests {
    use super::super::{Curve, Weight};
    use super::*;

    fn figure(points: Vec<(f64, f64)>, y: Scale) -> Figure {
        let axis = |label: &str, scale| Axis {
            label: label.to_owned(),
            scale,
            ticks: Ticks::Round,
        };
        Figure {
            id: "f".to_owned(),
            title: "λ_K <&>".to_owned(),
            description: "\"two\" points".to_owned(),
            x: axis("epoch", Scale::Linear(0.0, 2.0)),
            y: axis("", y),
            curves: vec![Curve {
                label: None,
                points,
                look: 1,
                weight: Weight::Thin,
                marks: Vec::new(),
            }],
            guides: Vec::new(),
            ground: None,
            size: Size::Wide,
        }
    }

    /// The frame is 386 wide from 58, and 210 high from 32.
    #[test]
    fn a_curve_runs_from_place_to_place_and_leaves_gaps() {
        let points = vec![(0.0, 0.0), (1.0, 5.0), (1.5, f64::NAN), (2.0, 10.0)];
        let drawn = draw(&figure(points, Scale::Linear(0.0, 10.0)), Medium::Page);
        let path = "<path class=\"thin look-1\" d=\"M58.0 242.0L251.0 137.0M444.0 32.0\"/>";
        assert!(drawn.contains(path), "{drawn}");
    }

    #[test]
    fn what_a_log_scale_cannot_show_is_left_out() {
        let points = vec![(0.0, 1.0), (1.0, 0.0), (2.0, 100.0)];
        let drawn = draw(&figure(points, Scale::Log(1.0, 100.0)), Medium::Page);
        assert!(drawn.contains("d=\"M58.0 242.0M444.0 32.0\""), "{drawn}");
    }

    #[test]
    fn words_are_escaped_and_read_out() {
        let drawn = draw(&figure(Vec::new(), Scale::Linear(0.0, 1.0)), Medium::Page);
        assert!(
            drawn.contains("<title id=\"f-title\">λK &lt;&amp;&gt;</title>"),
            "{drawn}"
        );
        assert!(
            drawn.contains("<desc id=\"f-desc\">&quot;two&quot; points</desc>"),
            "{drawn}"
        );
        assert!(
            drawn.contains("aria-labelledby=\"f-title f-desc\""),
            "{drawn}"
        );
    }
}
