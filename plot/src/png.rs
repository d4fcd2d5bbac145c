//! Figures on paper as PNG, at 300 dots an inch.
//!
//! Text is drawn in the one font that the program carries, so that a machine
//! without fonts draws the same pixels.

use std::sync::{Arc, LazyLock};

use png::{BitDepth, ColorType, Encoder, PixelDimensions, Unit};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

const FONT: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
const FONT_FAMILY: &str = "DejaVu Sans";
const DOTS_AN_INCH: f32 = 300.0;
const METRES_AN_INCH: f32 = 0.0254;

/// Why there are no pixels.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// The drawing is no SVG that can be drawn.
    #[error("the drawing can't be read: {0}")]
    Svg(#[from] resvg::usvg::Error),
    /// It has no area, or too much.
    #[error("a picture of {width} by {height} pixels can't be drawn")]
    Size {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
    },
    /// The pixels can't be packed.
    #[error("the picture can't be packed: {0}")]
    Packing(#[from] png::EncodingError),
}

/// The pixels of a drawing whose size is in units of length, on white.
///
/// An inch across has 300 pixels:
///
/// ```
/// use breakeven_plot::png::png;
///
/// let svg = r#"<svg xmlns="http://www.w3.org/2000/svg" width="25.4mm" height="12.7mm"/>"#;
/// let file = png(svg)?;
/// assert!(file.starts_with(b"\x89PNG"));
/// // Width and height, where every PNG has them.
/// assert_eq!(file[16..24], [300_u32.to_be_bytes(), 150_u32.to_be_bytes()].concat());
/// # Ok::<(), breakeven_plot::png::PngError>(())
/// ```
///
/// # Errors
/// If it can't be read, or is too large.
pub fn png(svg: &str) -> Result<Vec<u8>, PngError> {
    static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(FONT.to_vec());
        fonts.set_sans_serif_family(FONT_FAMILY);
        Arc::new(fonts)
    });
    let options = Options {
        dpi: DOTS_AN_INCH,
        font_family: FONT_FAMILY.to_owned(),
        fontdb: FONTS.clone(),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options)?;
    let size = tree.size().to_int_size();
    let (width, height) = (size.width(), size.height());
    let mut pixels = Pixmap::new(width, height).ok_or(PngError::Size { width, height })?;
    pixels.fill(Color::WHITE);
    let exact = Transform::from_scale(
        width as f32 / tree.size().width(),
        height as f32 / tree.size().height(),
    );
    resvg::render(&tree, exact, &mut pixels.as_mut());
    packed(&pixels)
}

/// Without transparency, which the white ground has taken.
fn packed(pixels: &Pixmap) -> Result<Vec<u8>, PngError> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, pixels.width(), pixels.height());
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    let dots_a_metre = (DOTS_AN_INCH / METRES_AN_INCH).round() as u32;
    encoder.set_pixel_dims(Some(PixelDimensions {
        xppu: dots_a_metre,
        yppu: dots_a_metre,
        unit: Unit::Meter,
    }));
    let opaque: Vec<u8> = pixels
        .data()
        .chunks_exact(4)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect();
    encoder.write_header()?.write_image_data(&opaque)?;
    Ok(bytes)
}
