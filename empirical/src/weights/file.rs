//! Files of tensors: written whole, with a checksum or without, and read.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};

use super::error::{CheckpointError, file_error, format_error};
use super::pytorch;
use crate::whole::Unfinished;

/// SHA-256 of a run's records, as 32 bytes: a file that has it has a checksum.
pub(crate) const RECORDS: &str = "breakeven.records_sha256";
/// The entry of the file's metadata that holds its checksum.
const CHECKSUM: &str = "breakeven.crc32c";

/// Numbers as they are in a file.
type Encoded = (Dtype, Vec<u8>);

/// A tensor's name and shape with its numbers.
pub(crate) type Stored = (String, Vec<usize>, Encoded);

/// The numbers as F32 where that loses nothing, as in a run of that
/// precision, otherwise as F64.
pub(crate) fn encode(numbers: &[f64]) -> Encoded {
    if numbers.iter().all(|&x| f64::from(x as f32) == x) {
        let bytes = numbers.iter().flat_map(|&x| (x as f32).to_le_bytes());
        return (Dtype::F32, bytes.collect());
    }
    in_64_bits(numbers)
}

pub(super) fn in_64_bits(numbers: &[f64]) -> Encoded {
    let bytes = numbers.iter().flat_map(|x| x.to_le_bytes());
    (Dtype::F64, bytes.collect())
}

fn views(tensors: &[Stored]) -> Vec<(&str, TensorView<'_>)> {
    tensors
        .iter()
        .map(|(name, shape, (dtype, data))| {
            let view = TensorView::new(*dtype, shape.clone(), data);
            let view = view.expect("shape and bytes are those of one vector");
            (name.as_str(), view)
        })
        .collect()
}

/// A file of tensors, which gets its place later.
pub(super) fn plain(path: &Path, tensors: &[Stored]) -> Result<Unfinished, CheckpointError> {
    written(path, views(tensors), None)
}

/// The same with a checksum.
pub(crate) fn sealed(path: &Path, tensors: &[Stored]) -> Result<Unfinished, CheckpointError> {
    let views = views(tensors);
    let metadata = HashMap::from([(CHECKSUM.to_owned(), checksum(views.clone()))]);
    written(path, views, Some(metadata))
}

fn written(
    path: &Path,
    views: Vec<(&str, TensorView)>,
    metadata: Option<HashMap<String, String>>,
) -> Result<Unfinished, CheckpointError> {
    let bytes = serialize(views, metadata)
        .map_err(|source| format_error(path, source, "free some memory"))?;
    Unfinished::write(path, &bytes).map_err(|source| file_error(path, source))
}

pub(crate) fn put(path: &Path, written: Unfinished) -> Result<(), CheckpointError> {
    written.put().map_err(|source| file_error(path, source))
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, CheckpointError> {
    std::fs::read(path).map_err(|source| file_error(path, source))
}

pub(crate) fn parse<'a>(
    path: &Path,
    bytes: &'a [u8],
    remedy: &'static str,
) -> Result<SafeTensors<'a>, CheckpointError> {
    let changed = |problem| CheckpointError::Changed {
        path: path.into(),
        problem,
    };
    let file = SafeTensors::deserialize(bytes).map_err(|source| {
        if pytorch::is_pytorch(bytes) {
            return CheckpointError::PyTorch { path: path.into() };
        }
        let has_checksum = bytes
            .windows(CHECKSUM.len())
            .any(|part| part == CHECKSUM.as_bytes());
        if has_checksum {
            return changed(source.to_string());
        }
        format_error(path, source, remedy)
    })?;
    let (_, header) =
        SafeTensors::read_metadata(bytes).map_err(|source| format_error(path, source, remedy))?;
    let said = header.metadata().as_ref().and_then(|of| of.get(CHECKSUM));
    let found = || checksum(file.iter().collect());
    match said {
        Some(said) if *said != found() => Err(changed(format!(
            "its checksum says {said}, its tensors give {}",
            found()
        ))),
        // Whoever writes the one writes the other.
        None if file.tensor(RECORDS).is_ok() => Err(changed("its checksum is missing".to_owned())),
        _ => Ok(file),
    }
}

/// CRC-32C of tensors, whatever the order in which they lie in a file: of each
/// one's name, type, shape and numbers, by name.
fn checksum(mut tensors: Vec<(&str, TensorView)>) -> String {
    tensors.sort_by_key(|(name, _)| *name);
    let mut sum = 0;
    for (name, view) in tensors {
        let what = format!("{name}\n{:?}\n{:?}\n", view.dtype(), view.shape());
        sum = crc32c::crc32c_append(sum, what.as_bytes());
        sum = crc32c::crc32c_append(sum, view.data());
    }
    format!("{sum:08x}")
}
