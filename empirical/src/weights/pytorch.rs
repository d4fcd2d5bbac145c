//! Files of `torch.save`, which are recognised and not read: pickles are
//! programs.

use std::path::Path;

/// A zip archive, as PyTorch has written since 1.6, begins with its first
/// member, whose name ends in `/data.pkl`.
const ZIP: &[u8] = b"PK\x03\x04";
const MEMBER: &[u8] = b"/data.pkl";
/// Pickles of protocols 2 to 5, as PyTorch wrote before, begin so.
const PICKLE: u8 = 0x80;

/// Whether bytes that are no safetensors file are one of PyTorch.
pub(super) fn is_pytorch(bytes: &[u8]) -> bool {
    let is_archive = || bytes.windows(MEMBER.len()).any(|part| part == MEMBER);
    match bytes {
        [PICKLE, 2..=5, ..] => true,
        _ => bytes.starts_with(ZIP) && is_archive(),
    }
}

/// Two lines of Python that turn the file into safetensors.
pub(super) fn conversion(path: &Path) -> String {
    let quoted = |path: &Path| format!("{:?}", path.display().to_string());
    format!(
        "  import torch; from safetensors.torch import save_file\n  \
         save_file(torch.load({}, map_location=\"cpu\", weights_only=True), {})",
        quoted(path),
        quoted(&path.with_extension("safetensors"))
    )
}
