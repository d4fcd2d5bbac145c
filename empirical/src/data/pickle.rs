//! Reads the batches of CIFAR-10's Python version: a pickled dict with `data`,
//! a NumPy array of bytes `[n, 3072]`, and `labels`, a list of n numbers.
//!
//! A pickle is a program that builds objects. serde-pickle builds plain values
//! alone and calls nothing: what stands for NumPy's array is the tuple of
//! arguments that NumPy's own function would get. What is read out of it here
//! has a fixed shape, so that it is never larger than the file.

mod opcodes;

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_pickle::DeOptions;

use super::cifar::PIXELS;
use super::error::FormatProblem;

/// The first byte of a pickle of protocol 2 or later.
pub(super) const FIRST: u8 = 0x80;

/// The largest pickle that is read: an official batch has 31 MB.
const LARGEST: usize = 1 << 28;

/// What a batch holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    data: Array,
    labels: Vec<i64>,
    #[serde(default, rename = "filenames")]
    _filenames: Vec<Scalar>,
    #[serde(default, rename = "batch_label")]
    _batch_label: Option<Scalar>,
}

/// A batch as the records of the binary version: label, then pixels.
pub(super) fn records(pickle: &[u8]) -> Result<Vec<u8>, FormatProblem> {
    if pickle.len() > LARGEST {
        let most = LARGEST as u64;
        return Err(FormatProblem::Large { most });
    }
    let wrong = |detail: String| FormatProblem::Pickle { detail };
    opcodes::check(pickle).map_err(|detail| wrong(detail.to_owned()))?;
    let options = DeOptions::new()
        .keep_restore_state()
        .replace_unresolved_globals();
    let batch: Batch =
        serde_pickle::from_slice(pickle, options).map_err(|error| wrong(error.to_string()))?;
    let (images, rest) = batch.data.bytes.as_chunks::<PIXELS>();
    let shape = batch.data.shape;
    if shape != (images.len() as u64, PIXELS as u64) || !rest.is_empty() {
        return Err(wrong(format!(
            "`data` has the shape [{}, {}] and {} bytes",
            shape.0,
            shape.1,
            batch.data.bytes.len()
        )));
    }
    if batch.labels.len() != images.len() {
        let (labels, images) = (batch.labels.len(), images.len());
        return Err(wrong(format!("{labels} labels for {images} images")));
    }
    let mut records = Vec::with_capacity(pickle.len());
    for (&label, image) in batch.labels.iter().zip(images) {
        let label = u8::try_from(label).map_err(|_| wrong(format!("a label is {label}")))?;
        records.push(label);
        records.extend_from_slice(image);
    }
    Ok(records)
}

/// A NumPy array of bytes, row by row.
struct Array {
    shape: (u64, u64),
    bytes: Vec<u8>,
}

/// What comes first in an array's tuple: in protocols up to 4 a version, of
/// `(version, shape, dtype, is_fortran, bytes)` (`ndarray.__setstate__`); in
/// protocol 5 the bytes, of `(bytes, dtype, shape, order)` (`_frombuffer`).
enum First {
    Version,
    Bytes(Vec<u8>),
}

impl<'de> Deserialize<'de> for Array {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Tuple;
        impl<'de> Visitor<'de> for Tuple {
            type Value = Array;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a NumPy array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Array, A::Error> {
                fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
                    seq: &mut A,
                ) -> Result<T, A::Error> {
                    seq.next_element()?
                        .ok_or_else(|| A::Error::custom("a NumPy array is cut off"))
                }
                let (shape, rows_first, bytes) = match next(&mut seq)? {
                    First::Version => {
                        let shape = next(&mut seq)?;
                        let Scalars = next(&mut seq)?;
                        let is_fortran: bool = next(&mut seq)?;
                        let Bytes(bytes) = next(&mut seq)?;
                        (shape, !is_fortran, bytes)
                    }
                    First::Bytes(bytes) => {
                        let Scalars = next(&mut seq)?;
                        let shape = next(&mut seq)?;
                        let order: String = next(&mut seq)?;
                        (shape, order == "C", bytes)
                    }
                };
                if !rows_first {
                    return Err(A::Error::custom("`data` is stored column by column"));
                }
                Ok(Array { shape, bytes })
            }
        }
        from.deserialize_any(Tuple)
    }
}

impl<'de> Deserialize<'de> for First {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = First;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("the version or the bytes of a NumPy array")
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<First, E> {
                Ok(First::Version)
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<First, E> {
                self.visit_byte_buf(bytes.to_vec())
            }

            fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<First, E> {
                Ok(First::Bytes(bytes))
            }
        }
        from.deserialize_any(Either)
    }
}

/// Bytes, and nothing else.
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match First::deserialize(from)? {
            First::Bytes(bytes) => Ok(Self(bytes)),
            First::Version => Err(D::Error::custom("a number where bytes are expected")),
        }
    }
}

/// A number, a text or nothing, which is not kept: never a list, which could
/// be larger than the file.
struct Scalar;

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Scalar;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a number or a text")
            }

            fn visit_i64<E: Error>(self, _: i64) -> Result<Scalar, E> {
                Ok(Scalar)
            }

            fn visit_bool<E: Error>(self, _: bool) -> Result<Scalar, E> {
                Ok(Scalar)
            }

            fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
                Ok(Scalar)
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<Scalar, E> {
                Ok(Scalar)
            }

            fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<Scalar, E> {
                Ok(Scalar)
            }
        }
        from.deserialize_any(Any)
    }
}

/// A tuple of scalars, such as the type of an array's numbers.
struct Scalars;

impl<'de> Deserialize<'de> for Scalars {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Vec::<Scalar>::deserialize(from).map(|_| Self)
    }
}
