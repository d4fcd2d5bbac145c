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

/// A word for a POSIX shell, in single quotes where it needs them.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./,:=+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_are_quoted_where_a_shell_would_change_them() {
        for plain in ["--out", "runs/a_b-1.toml", "300,100", "2/4"] {
            assert_eq!(quoted(plain), plain);
        }
        for word in [
            "", "a b", "$HOME", "*.toml", "a;b", "~", "a\\b", "#1", "\"x\"",
        ] {
            assert_eq!(quoted(word), format!("'{word}'"));
        }
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
