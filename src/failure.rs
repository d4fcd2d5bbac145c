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

    /// Prints the whole chain of causes to stderr.
    pub fn report(&self) -> ExitCode {
        let (Self::Input(error) | Self::Work(error)) = self;
        eprintln!("error: {error:#}");
        match self {
            Self::Input(_) => ExitCode::from(2),
            Self::Work(_) => ExitCode::from(1),
        }
    }
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
