//! Line figures as SVG: scales, ticks, curves, marks and a legend. It knows
//! nothing of runs or hypotheses.
//!
//! Colours are those of Okabe and Ito, which colour-blind readers tell apart;
//! each comes with a dash pattern and a marker of its own. [`STYLE`] holds all
//! looks, for light and dark screens and for paper: put it once into a page,
//! or use [`Figure::standalone`].
//!
//! The break-even λ_H of full batches against η:
//!
//! ```
//! use breakeven_plot::{Axis, Curve, Figure, Scale, Size, Ticks, Weight};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let points: Vec<(f64, f64)> = [0.5, 1.0, 2.0].map(|eta| (eta, 2.0 / eta)).to_vec();
//! let axis = |label: &str, values: [f64; 3]| Axis {
//!     label: label.to_owned(),
//!     scale: Scale::around(values),
//!     ticks: Ticks::Round,
//! };
//! # let (look, weight, marks) = (0, Weight::Bold, Vec::new());
//! let curve = Curve { label: Some("2/η".to_owned()), points, look, weight, marks };
//! let figure = Figure {
//!     x: axis("η", [0.5, 1.0, 2.0]),
//!     y: axis("λ_H", [4.0, 2.0, 1.0]),
//!     curves: vec![curve],
//! #   id: "limit".to_owned(), title: "λ_H".to_owned(), description: "It falls.".to_owned(),
//! #   guides: Vec::new(), ground: None, size: Size::Wide,
//! };
//! assert!(figure.standalone().starts_with("<svg"));
//! assert_eq!(figure.csv()?.lines().last(), Some("bold,2/η,0,2,1"));
//! # Ok(())
//! # }
//! ```

mod csv_text;
mod files;
mod ground;
mod legend;
pub mod number;
pub mod png;
mod scale;
mod svg;
mod table;
mod tenths;
pub mod text;
mod thin;
mod travelled;

pub use csv_text::csv_text;
pub use files::{WriteError, write_file};
pub use ground::{Cell, Ground};
pub use scale::Scale;

use serde::Serialize;

/// The style sheet of all figures.
pub const STYLE: &str = include_str!("plot.css");
/// The style sheet of figures on paper, in plain CSS that every program reads.
const PRINT_STYLE: &str = include_str!("print.css");
/// How many colours and dashes there are. More curves have them again, with
/// other markers.
pub const LOOKS: usize = 7;

/// A figure: axes, curves and guide lines; as JSON for a page that draws it
/// itself, where numbers that are not finite are null. Titles and labels may hold
/// subscripts and superscripts of one letter: `λ_K`, `K^M`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Identifier in a page; letters, digits and `-`.
    pub id: String,
    /// What is drawn: the title above, which also names the vertical axis.
    pub title: String,
    /// What one sees, in words, for those who cannot.
    pub description: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis; its label is not drawn, the title stands for it.
    pub y: Axis,
    /// Drawn in this order, later ones above.
    pub curves: Vec<Curve>,
    /// Drawn below the curves.
    pub guides: Vec<Guide>,
    /// Drawn below everything, with a bar beside the frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ground: Option<Ground>,
    /// How much room the drawing has. Text has the same size in all.
    pub size: Size,
}

/// The room of a drawing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// Two or three beside each other on a page.
    Wide,
    /// Four beside each other.
    Small,
    /// A plane, about as high as wide.
    Plane,
    /// A column of a paper: 84 mm, in which text is 7.5 pt.
    Column,
}

/// An axis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Axis {
    /// What it measures.
    pub label: String,
    /// Its scale.
    pub scale: Scale,
    /// Where ticks stand.
    pub ticks: Ticks,
}

/// Where ticks stand.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ticks {
    /// At round numbers.
    Round,
    /// At these values.
    At(Vec<f64>),
}

/// Points joined by lines.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// Its entry in the legend.
    pub label: Option<String>,
    /// Points (x, y); those that are not finite, or not positive on a log
    /// scale, leave a gap.
    pub points: Vec<(f64, f64)>,
    /// Its look, from 0; curves of the same look belong together.
    pub look: usize,
    /// How it is drawn.
    pub weight: Weight,
    /// Marks on it.
    pub marks: Vec<Mark>,
}

/// How a curve is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// One of many: thin and pale.
    Thin,
    /// A limit or a prediction beside a bold curve: fine, and not dashed.
    Fine,
    /// What the eye should follow: bold, dashed and marked by its look.
    Bold,
    /// The same with a marker at every point.
    Marked,
    /// Points alone, marked by the look.
    Points,
    /// A path in a plane: a line with a rim that stands out from any ground, a
    /// dot at each point, and arrows.
    Path,
    /// A tinted area with the points as its outline.
    Area,
}

/// A mark on a curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mark {
    /// Where.
    pub at: (f64, f64),
    /// What it looks like.
    pub shape: Shape,
}

/// The shape of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// ×
    Cross,
    /// A filled dot.
    Dot,
    /// A hollow square.
    Hollow,
}

/// A straight line across the figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Guide {
    /// Where.
    pub at: Across,
    /// The look whose colour it has; without one, the axes'.
    pub look: Option<usize>,
    /// Written beside it.
    pub label: Option<String>,
}

/// Where a guide line crosses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Across {
    /// Vertical, at this x.
    X(f64),
    /// Horizontal, at this y.
    Y(f64),
}

/// Width of the frame of a drawing of this size over its height, with a ground.
pub fn aspect_on_ground(size: Size) -> f64 {
    svg::aspect_on_ground(size)
}

/// An `svg` element for a page that holds [`STYLE`], as a file of its own.
pub fn standalone(svg: &str) -> String {
    svg::with_style(svg, STYLE)
}

/// A number as tick labels show it, with up to four digits.
///
/// ```
/// assert_eq!(breakeven_plot::digits(-0.25), "−0.25");
/// assert_eq!(breakeven_plot::digits(1e-9), "10⁻⁹");
/// ```
pub fn digits(value: f64) -> String {
    scale::tick_label(value)
}

impl Figure {
    /// The figure as an `svg` element for a page that holds [`STYLE`].
    pub fn svg(&self) -> String {
        svg::draw(self, svg::Medium::Page)
    }

    /// The figure as an SVG file of its own.
    pub fn standalone(&self) -> String {
        standalone(&self.svg())
    }

    /// What it shows, a row a point, mark or guide line.
    ///
    /// # Errors
    /// None that a table in memory can give.
    pub fn csv(&self) -> Result<String, csv::Error> {
        table::csv(self)
    }

    /// The figure as an SVG file for a column of a paper: white, and as wide as
    /// it is to be printed.
    pub fn print(&self) -> String {
        svg::draw(self, svg::Medium::Paper(PRINT_STYLE))
    }
}
