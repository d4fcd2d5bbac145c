//! One image file: read, decoded, and cut to a square.
//!
//! The content says what a file is, as ImageNet has one PNG under a JPEG's
//! name. Grey images get three equal channels; images in the four inks of
//! print (CMYK, of which ImageNet has some) are turned into red, green and
//! blue by the decoder. A rotation that a camera noted is not carried out.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};

use crate::data::error::FormatProblem;
use crate::data::files::Problem;

/// The largest file that is read.
const LARGEST: u64 = 1 << 28;

/// Most pixels that are decoded, known from the file's first bytes. The kinds that
/// need most, four channels of 16 bits and a JPEG in several passes, then take
/// three quarters of a gigabyte.
const MOST_PIXELS: u64 = 1 << 26;

/// The longest image for its width, or the widest for its height.
const LONGEST: u32 = 64;

/// The bytes that begin and end the picture of a JPEG file (ITU-T T.81,
/// table B.1: SOS, EOI).
const SCAN: [u8; 2] = [0xff, 0xda];
const END: [u8; 2] = [0xff, 0xd9];

/// The pixels of the image at `path`, `[3, side, side]`.
pub(super) fn read(path: &Path, side: usize) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(Problem::Io)?;
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(Problem::Io)?;
    if bytes.len() as u64 > LARGEST {
        return Err(FormatProblem::Large { most: LARGEST }.into());
    }
    Ok(pixels(bytes, side, MOST_PIXELS)?)
}

/// The same of a file that was read, of `most` pixels at most.
pub(in crate::data) fn pixels(
    bytes: Vec<u8>,
    side: usize,
    most: u64,
) -> Result<Vec<u8>, FormatProblem> {
    Ok(channels(&fit(decode(bytes, most)?, side)))
}

fn decode(bytes: Vec<u8>, most: u64) -> Result<RgbImage, FormatProblem> {
    let wrong = |detail: String| FormatProblem::Picture { detail };
    match image::guess_format(&bytes) {
        Ok(ImageFormat::Jpeg) if !is_whole(&bytes) => {
            return Err(wrong("it is truncated".to_owned()));
        }
        Ok(ImageFormat::Jpeg | ImageFormat::Png) => {}
        Ok(other) => return Err(wrong(format!("it is of the kind {other:?}"))),
        Err(_) if bytes.is_empty() => return Err(wrong("it is empty".to_owned())),
        Err(error) => return Err(wrong(error.to_string())),
    }
    let unread = |error: image::ImageError| wrong(error.to_string());
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let reader = reader.map_err(|error| wrong(error.to_string()))?;
    let decoder = reader.into_decoder().map_err(unread)?;
    let (width, height) = decoder.dimensions();
    let size = format!("it has {width}×{height} pixels");
    if width.max(height) / width.min(height).max(1) > LONGEST {
        return Err(wrong(format!("{size}, sides of more than {LONGEST} to 1")));
    }
    if u64::from(width) * u64::from(height) > most {
        return Err(wrong(format!("{size}, more than {most} in all")));
    }
    let image = DynamicImage::from_decoder(decoder).map_err(unread)?;
    Ok(image.into_rgb8())
}

/// Whether a JPEG's last picture has an end. Decoders fill what is missing
/// with grey and say nothing; within a picture's data the mark cannot occur.
fn is_whole(bytes: &[u8]) -> bool {
    let last = |mark: [u8; 2]| bytes.windows(2).rposition(|two| two == mark);
    last(END) > last(SCAN)
}

/// The middle of `image`, with the shorter side brought to `side` pixels: sizes
/// and place are those of torchvision's `Resize(side)` and `CenterCrop(side)`,
/// the filter that of Pillow, whose rounding differs by at most 1.
fn fit(image: RgbImage, side: usize) -> RgbImage {
    let side = side as u32; // at most 1,024
    let [width, height] = [image.width(), image.height()];
    let shorter = width.min(height).max(1);
    let scaled = |length: u32| {
        let whole = u64::from(length) * u64::from(side) / u64::from(shorter);
        whole as u32 // at least `side`, at most 65 · 2¹⁰
    };
    let image = match shorter == side {
        true => image,
        false => imageops::resize(&image, scaled(width), scaled(height), FilterType::Triangle),
    };
    let [x, y] = [image.width(), image.height()].map(|length| {
        let over = f64::from(length - side);
        (over / 2.0).round_ties_even() as u32 // at most 65 · 2¹⁰
    });
    imageops::crop_imm(&image, x, y, side, side).to_image()
}

/// Channel by channel and row by row.
fn channels(image: &RgbImage) -> Vec<u8> {
    let of = |channel: usize| image.pixels().map(move |pixel| pixel.0[channel]);
    (0..3).flat_map(of).collect()
}
