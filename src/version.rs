//! Which program this is, for records and reports.

use std::sync::LazyLock;

/// The commit that the program was built from, where it was built from one.
pub const GIT_HASH: Option<&str> = option_env!("BREAKEVEN_GIT_HASH");

static VERSION: LazyLock<String> = LazyLock::new(|| match GIT_HASH {
    Some(hash) => format!("{} ({hash})", env!("CARGO_PKG_VERSION")),
    None => env!("CARGO_PKG_VERSION").to_owned(),
});

/// The version, with the commit where it is known.
pub fn version() -> &'static str {
    &VERSION
}

/// The command line, as it can be typed again.
pub fn command_line() -> String {
    let words = std::env::args().skip(1).map(|word| {
        if word.contains([' ', '"', '\'', '$', '*']) {
            format!("{word:?}")
        } else {
            word
        }
    });
    std::iter::once("breakeven".to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}
