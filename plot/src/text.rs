//! Text for markup: escaped, with subscripts and superscripts.

/// `text` with the five characters escaped that mean something in markup.
///
/// ```
/// assert_eq!(breakeven_plot::text::escape("p < α & q"), "p &lt; α &amp; q");
/// ```
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// A piece of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// On the line.
    Line(&'a str),
    /// Below it: a symbol, `_` and a letter or digit.
    Below(&'a str),
    /// Above it: a symbol, `^` and a letter or digit.
    Above(&'a str),
}

/// Splits a label such as `λ_K of K^M` into its pieces.
///
/// ```
/// use breakeven_plot::text::{Piece, pieces};
///
/// let found = pieces("Tr K^M");
/// assert_eq!(found, [Piece::Line("Tr K"), Piece::Above("M")]);
/// ```
pub fn pieces(label: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = label;
    while let Some(sign) = next_sign(rest) {
        if sign > 0 {
            pieces.push(Piece::Line(&rest[..sign]));
        }
        let length = rest[sign + 1..].chars().next().map_or(0, char::len_utf8);
        let raised = &rest[sign + 1..sign + 1 + length];
        pieces.push(if rest[sign..].starts_with('_') {
            Piece::Below(raised)
        } else {
            Piece::Above(raised)
        });
        rest = &rest[sign + 1 + length..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Line(rest));
    }
    pieces
}

/// The first `_` or `^` between a symbol (a capital or a letter beyond ASCII)
/// and a letter or digit; names such as `max_lambda_k` have none.
fn next_sign(text: &str) -> Option<usize> {
    let is_symbol = |c: char| c.is_uppercase() || (c.is_alphabetic() && !c.is_ascii());
    text.char_indices().find_map(|(index, c)| {
        let raises = matches!(c, '_' | '^')
            && text[..index].ends_with(is_symbol)
            && text[index + 1..].starts_with(|next: char| next.is_alphanumeric());
        raises.then_some(index)
    })
}

/// A label as HTML, with `sub` and `sup` elements.
///
/// ```
/// use breakeven_plot::text::{html, plain};
///
/// assert_eq!(html("λ_K of K^M"), "λ<sub>K</sub> of K<sup>M</sup>");
/// assert_eq!(plain("λ_K of K^M"), "λK of KM");
/// // A name, and no symbol.
/// assert_eq!(html("max_lambda_k"), "max_lambda_k");
/// ```
pub fn html(label: &str) -> String {
    pieces(label)
        .into_iter()
        .map(|piece| match piece {
            Piece::Line(text) => escape(text),
            Piece::Below(text) => format!("<sub>{}</sub>", escape(text)),
            Piece::Above(text) => format!("<sup>{}</sup>", escape(text)),
        })
        .collect()
}

/// The size of what is raised or lowered, as in the style sheets.
const SMALL: f64 = 0.75;

/// A label as the inside of an SVG `text` element, with shifted `tspan`s.
///
/// ```
/// let label = breakeven_plot::text::svg("λ_K");
/// assert!(label.starts_with("λ<tspan") && label.ends_with(">K</tspan>"));
/// ```
pub fn svg(label: &str) -> String {
    let mut shift = 0.0;
    let mut text = String::new();
    for piece in pieces(label) {
        let (words, wanted, class) = match piece {
            Piece::Line(words) => (words, 0.0, ""),
            Piece::Below(words) => (words, 0.21, " class=\"small\""),
            Piece::Above(words) => (words, -0.3, " class=\"small\""),
        };
        let words = escape(words);
        if wanted == shift && class.is_empty() {
            text.push_str(&words);
        } else {
            // `em` is that of the piece itself.
            let em = if class.is_empty() { 1.0 } else { SMALL };
            let by = (wanted - shift) / em;
            text.push_str(&format!("<tspan{class} dy=\"{by:.2}em\">{words}</tspan>"));
        }
        shift = wanted;
    }
    text
}

/// A label as plain text, without the signs.
pub fn plain(label: &str) -> String {
    let words = |piece| match piece {
        Piece::Line(words) | Piece::Below(words) | Piece::Above(words) => words,
    };
    pieces(label).into_iter().map(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(html("<b>&\"'"), "&lt;b&gt;&amp;&quot;&#39;");
    }

    /// Below by 0.28 · 0.75 = 0.21, and back by as much.
    #[test]
    fn text_after_a_subscript_is_on_the_line_again() {
        assert_eq!(
            svg("λ_K x"),
            "λ<tspan class=\"small\" dy=\"0.28em\">K</tspan><tspan dy=\"-0.21em\"> x</tspan>"
        );
    }

    #[test]
    fn a_letter_after_an_underscore_goes_below() {
        assert_eq!(
            html("λ_K*/λ_K of K^M"),
            "λ<sub>K</sub>*/λ<sub>K</sub> of K<sup>M</sup>"
        );
        assert_eq!(html("_x λ_ ^ max_lambda_k"), "_x λ_ ^ max_lambda_k");
        assert_eq!(plain("λ_K"), "λK");
    }
}
