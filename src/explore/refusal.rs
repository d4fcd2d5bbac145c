//! Why a request gets no answer.

use breakeven_sim::curvatures::CurvaturesError;
use breakeven_sim::parameter::ParameterError;

/// An HTTP status and the message that goes with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub status: u16,
    pub message: String,
}

impl Refusal {
    /// The request asks for what can't be.
    pub fn bad_request(message: impl std::fmt::Display) -> Self {
        Self::new(400, message)
    }

    /// The request comes from where it must not.
    pub fn forbidden(message: impl std::fmt::Display) -> Self {
        Self::new(403, message)
    }

    /// There is no such thing.
    pub fn not_found() -> Self {
        Self::new(404, "there is nothing at this address")
    }

    /// Anything but GET.
    pub fn method() -> Self {
        Self::new(405, "this server only answers GET")
    }

    /// The server's own fault.
    pub fn internal(message: impl std::fmt::Display) -> Self {
        Self::new(500, message)
    }

    fn new(status: u16, message: impl std::fmt::Display) -> Self {
        let message = message.to_string();
        Self { status, message }
    }
}

impl From<ParameterError> for Refusal {
    fn from(error: ParameterError) -> Self {
        Self::bad_request(error)
    }
}

impl From<CurvaturesError> for Refusal {
    fn from(error: CurvaturesError) -> Self {
        Self::bad_request(error)
    }
}
