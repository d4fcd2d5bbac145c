//! Which program this is, for records and reports.

use std::sync::LazyLock;

use crate::shell::quoted;

/// The commit that the program was built from, where it was built from one.
pub const GIT_HASH: Option<&str> = option_env!("BREAKEVEN_GIT_HASH");

static VERSION: LazyLock<String> = LazyLock::new(|| match GIT_HASH {
    Some(hash) => format!("{} ({hash})", env!("CARGO_PKG_VERSION")),
    None => env!("CARGO_PKG_VERSION").to_owned(),
});

static LONG_VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut devices = vec!["flex"];
    if cfg!(feature = "wgpu") {
        devices.push("wgpu");
    }
    if cfg!(feature = "cuda") {
        devices.push("cuda");
    }
    let burn = option_env!("BREAKEVEN_BURN_VERSION").unwrap_or("of an unlocked version");
    let devices = devices.join(", ");
    format!("{}\nBurn {burn}, devices: {devices}", version())
});

/// The version, with the commit where it is known.
pub fn version() -> &'static str {
    &VERSION
}

/// The version, and what the program can compute with: devices and Burn.
pub fn long_version() -> &'static str {
    &LONG_VERSION
}

/// The command line, as it can be typed again in a shell; but for bytes that
/// are no UTF-8, which are replaced.
pub fn command_line() -> String {
    let words = std::env::args_os().skip(1);
    let words = words.map(|word| quoted(&word.to_string_lossy()));
    std::iter::once("breakeven".to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}
