//! Which files a folder of classes holds.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use crate::data::catalog::Entry;
use crate::data::error::{DataError, FormatProblem};
use crate::data::files::Problem;

/// The folder within a class folder, or within `val`, of Tiny ImageNet.
const IMAGES: &str = "images";

/// The file that names the classes of Tiny ImageNet's validation images.
const ANNOTATIONS: &str = "val_annotations.txt";

/// A problem of folders and files that do not go together.
pub(super) fn layout(detail: String) -> FormatProblem {
    FormatProblem::Layout { detail }
}

/// Whether a class folder below `folder` holds images.
pub(super) fn is_one(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    let mut classes = entries.flatten().map(|class| class.path());
    classes.any(|class| class.is_dir() && (class.join(IMAGES).is_dir() || has_picture(&class)))
}

fn has_picture(folder: &Path) -> bool {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.into_iter().any(|file| is_picture(&file.path()))
}

/// Whether the name is a JPEG file's.
fn is_picture(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    ["jpeg", "jpg"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

/// Names and paths of what `folder` holds, by name; hidden files are passed over.
fn list(entry: &Entry, folder: &Path) -> Result<BTreeMap<String, PathBuf>, DataError> {
    let system = |error| Problem::Io(error).of(entry, folder);
    let mut found = BTreeMap::new();
    for file in fs::read_dir(folder).map_err(system)? {
        let path = file.map_err(system)?.path();
        let name = path.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        if !name.starts_with('.') {
            found.insert(name, path);
        }
    }
    Ok(found)
}

/// The names of the class folders in `folder`, sorted.
pub(super) fn classes(entry: &Entry, folder: &Path) -> Result<Vec<String>, DataError> {
    let found = list(entry, folder)?.into_iter();
    let names: Vec<String> = found
        .filter(|(_, path)| path.is_dir())
        .map(|(name, _)| name)
        .collect();
    if names.is_empty() || names.len() > 1 << 16 {
        let count = names.len();
        let detail = format!("holds {count} folders, expected 1 to 65536, one for each class");
        return Err(Problem::from(layout(detail)).of(entry, folder));
    }
    Ok(names)
}

/// The pictures in `folder`, sorted.
fn pictures(entry: &Entry, folder: &Path) -> Result<BTreeMap<String, PathBuf>, DataError> {
    let mut found = list(entry, folder)?;
    found.retain(|_, path| is_picture(path));
    if found.is_empty() {
        let detail = "holds no JPEG files, expected at least 1".to_owned();
        return Err(Problem::from(layout(detail)).of(entry, folder));
    }
    Ok(found)
}

/// The pictures below `folder` with their labels, sorted by class and name;
/// each class has some.
pub(super) fn in_classes(
    entry: &Entry,
    folder: &Path,
    classes: &[String],
) -> Result<Vec<(PathBuf, u16)>, DataError> {
    let mut files = Vec::new();
    for (label, class) in (0..=u16::MAX).zip(classes) {
        let class = folder.join(class);
        if !class.exists() {
            continue; // of a validation part: it need not have every class
        }
        let inner = class.join(IMAGES);
        let place = if inner.is_dir() { inner } else { class };
        let pictures = pictures(entry, &place)?.into_values();
        files.extend(pictures.map(|path| (path, label)));
    }
    Ok(files)
}

/// The validation pictures in `folder` with their labels; `None` where there
/// is no such folder.
pub(super) fn validation(
    entry: &Entry,
    folder: &Path,
    classes: &[String],
) -> Result<Option<Vec<(PathBuf, u16)>>, DataError> {
    if !folder.exists() {
        return Ok(None);
    }
    let annotations = folder.join(ANNOTATIONS);
    if annotations.exists() {
        return annotated(entry, folder, &annotations, classes).map(Some);
    }
    let own = self::classes(entry, folder).map_err(|error| match error {
        DataError::Format { .. } => {
            let detail = format!(
                "holds neither class folders nor {ANNOTATIONS}; expected a folder for each \
                 class, with the names of those in `train`"
            );
            Problem::from(layout(detail)).of(entry, folder)
        }
        other => other,
    })?;
    if let Some(unknown) = own.iter().find(|name| !classes.contains(name)) {
        let detail = format!("holds the folder `{unknown}`, which `train` has not");
        return Err(Problem::from(layout(detail)).of(entry, folder));
    }
    in_classes(entry, folder, classes).map(Some)
}

/// The pictures in `images` of `folder`, with the classes that the lines of
/// `annotations` give: name, class, and more, parted by tabs.
fn annotated(
    entry: &Entry,
    folder: &Path,
    annotations: &Path,
    classes: &[String],
) -> Result<Vec<(PathBuf, u16)>, DataError> {
    let bytes = fs::read(annotations).map_err(|error| Problem::Io(error).of(entry, annotations))?;
    let mut pictures = pictures(entry, &folder.join(IMAGES))?;
    let files = labelled(bytes, classes, &mut pictures)
        .map_err(|problem| Problem::from(problem).of(entry, annotations))?;
    match pictures.into_values().next() {
        None => Ok(files),
        Some(path) => {
            let detail = format!("has no line in {ANNOTATIONS} that says its class");
            Err(Problem::from(layout(detail)).of(entry, &path))
        }
    }
}

/// Those of `pictures` that the lines of `annotations` name, which are taken out
/// of them, with their labels; sorted by class and name.
pub(in crate::data) fn labelled(
    annotations: Vec<u8>,
    classes: &[String],
    pictures: &mut BTreeMap<String, PathBuf>,
) -> Result<Vec<(PathBuf, u16)>, FormatProblem> {
    let text = String::from_utf8(annotations).map_err(|error| FormatProblem::Utf8 {
        at: error.utf8_error().valid_up_to(),
    })?;
    let wrong = |line: usize, detail: String| FormatProblem::Line { line, detail };
    let labels: HashMap<&str, u16> = classes.iter().map(String::as_str).zip(0..).collect();
    let mut files = Vec::with_capacity(pictures.len());
    for (line, content) in (1..).zip(text.lines()).filter(|(_, c)| !c.is_empty()) {
        let mut fields = content.split('\t');
        let (Some(name), Some(class)) = (fields.next(), fields.next()) else {
            let detail = "has one column, expected a file's name and its class, parted by a tab";
            return Err(wrong(line, detail.to_owned()));
        };
        let Some(&label) = labels.get(class) else {
            let detail = format!("names the class `{class}`, which `train` has not");
            return Err(wrong(line, detail));
        };
        let Some(path) = pictures.remove(name) else {
            let detail = format!("names `{name}`, which is not in `{IMAGES}` or was named before");
            return Err(wrong(line, detail));
        };
        files.push((path, label));
    }
    files.sort_by(|(a, m), (b, n)| (m, a).cmp(&(n, b)));
    Ok(files)
}
