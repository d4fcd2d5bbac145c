//! Why a command stopped, and the exit code that says so.

use std::process::ExitCode;

/// What a command returns when it does not finish.
#[derive(Debug)]
pub enum Failure {
    /// Wrong arguments or input: exit code 2.
    Input(anyhow::Error),
    /// The work itself failed: exit code 1.
    Work(anyhow::Error),
}

impl Failure {
    /// A wrong argument or input, in words.
    pub fn input(message: impl std::fmt::Display) -> Self {
        Self::Input(anyhow::anyhow!("{message}"))
    }

    /// The whole chain of causes, in a line.
    pub fn in_words(&self) -> String {
        let (Self::Input(error) | Self::Work(error)) = self;
        in_one_line(error)
    }

    /// What the program ends with. That there is no room for what was asked for
    /// is nobody's input: with room, the same command goes through.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Input(error) if is_for_lack_of_room(error) => ExitCode::from(1),
            Self::Input(_) => ExitCode::from(2),
            Self::Work(_) => ExitCode::from(1),
        }
    }
}

/// Whether a disk was full, or what may be written on it.
fn is_for_lack_of_room(error: &anyhow::Error) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let mut causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    causes.any(|cause| matches!(cause.kind(), FileTooLarge | QuotaExceeded | StorageFull))
}

/// The chain of causes, each said once: an error that names its cause in its
/// own words is not followed by that cause.
fn in_one_line(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if said.is_empty() {
            said = cause;
        } else if !said.contains(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    said
}

/// Says of an error whose fault it is.
pub trait OrFail<T> {
    /// The user's: wrong arguments or input.
    fn or_input(self) -> Result<T, Failure>;
    /// The work's.
    fn or_work(self) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrFail<T> for Result<T, E> {
    fn or_input(self) -> Result<T, Failure> {
        self.map_err(|error| Failure::Input(error.into()))
    }

    fn or_work(self) -> Result<T, Failure> {
        self.map_err(|error| Failure::Work(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("W.safetensors: {source}")]
    struct Names {
        source: std::io::Error,
    }

    #[test]
    fn a_full_disk_is_not_wrong_input() {
        let code = |kind: std::io::ErrorKind| {
            let source = std::io::Error::from(kind);
            let error = anyhow::Error::from(Names { source }).context("the report");
            format!("{:?}", Failure::Input(error).exit_code())
        };
        let [work, input] = [1, 2].map(|code| format!("{:?}", ExitCode::from(code)));
        assert_eq!(code(std::io::ErrorKind::StorageFull), work);
        assert_eq!(code(std::io::ErrorKind::NotFound), input);
    }

    #[test]
    fn a_cause_that_is_named_already_is_not_repeated() {
        let source = std::io::Error::other("no such file");
        let error = anyhow::Error::from(Names { source }).context("the weights");
        assert_eq!(
            in_one_line(&error),
            "the weights: W.safetensors: no such file"
        );
    }
}
