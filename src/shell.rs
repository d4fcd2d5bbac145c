//! Words as a shell reads them.

/// A word for a POSIX shell, in single quotes where it needs them.
pub fn quoted(word: &str) -> String {
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
